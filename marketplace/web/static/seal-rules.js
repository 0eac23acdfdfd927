// What a bid may say, as the marketplace's own rules have it (offer_rules, bundle_rules, bid_rules):
// where bids are sealed in the browser nobody else can check them before the opening. All figures
// are exact: decimals are counted in millionths, totals in the smallest unit of their currency.
"use strict";
window.sealingRules = (() => {
  const MICRO = 1000000n;
  const LIMIT = 10n ** 13n;
  const MOST_BREAKS = 10;
  const MOST_BUNDLES = 8;
  const PLAIN = /^-?(0|[1-9]\d{0,12})(\.\d+)?$/;

  // Figures

  const places = (text) => ((text.split(".")[1] || "").replace(/0+$/, "")).length;
  // in millionths; only of what has at most six places
  const micro = (text) => {
    const [whole, decimals = ""] = text.replace("-", "").split(".");
    const size = BigInt(whole) * MICRO + BigInt(decimals.slice(0, 6).padEnd(6, "0"));
    return text.startsWith("-") ? -size : size;
  };
  const halfUp = (number, divisor) => (2n * number + divisor) / (2n * divisor);
  const isNothing = (text) => text.startsWith("-") || !/[1-9]/.test(text);
  // exact beyond six places as well: what is cut off counts as a little more
  const isMore = (text, than) =>
    micro(text) > micro(than) || (micro(text) === micro(than) && places(text) > 6);
  // quantity times price in the smallest unit of a currency with so many places
  const product = (quantity, price, exponent) =>
    halfUp(quantity * price, 10n ** BigInt(12 - exponent));
  // an amount in the smallest unit; only of what has not more places
  const inUnits = (text, exponent) => micro(text) / 10n ** BigInt(6 - exponent);

  // What a line comes to

  const priceAt = (line, quantity) => {
    let price = line.unit_price;
    for (const [from, each] of line.breaks || []) {
      if (quantity < micro(from)) break;
      price = each;
    }
    return micro(price);
  };
  const offered = (asked, line) => {
    const whole = micro(asked.quantity);
    const part = line.quantity ? micro(line.quantity[0]) : whole;
    return part < whole ? part : whole;
  };
  const lineTotal = (asked, line, exponent) =>
    product(offered(asked, line), priceAt(line, offered(asked, line)), exponent);
  const totalOf = (known, content, exponent) =>
    content.lines.reduce(
      (sum, line) => sum + lineTotal(known.get(line.line_id), line, exponent), 0n,
    );

  // Lines

  function* priceFaults(text, at) {
    if (micro(text) >= LIMIT * MICRO) yield [at, "too_large", "price_too_large"];
    else if (isNothing(text)) yield [at, "not_positive", "price"];
    else if (places(text) > 6) yield [at, "too_many_decimals", "price_decimals"];
  }
  function* partFaults(terms, asked, line, at) {
    if (!line.quantity) return;
    const [value, unit] = line.quantity;
    if (unit !== asked.unit) yield [`${at}/unit`, "wrong_unit", "wrong_unit"];
    else if (isNothing(value)) yield [`${at}/value`, "not_positive", "quantity"];
    else if (isMore(value, asked.quantity)) yield [`${at}/value`, "above_asked", "above_asked"];
    else if (places(value) > 6) yield [`${at}/value`, "too_many_decimals", "quantity_decimals"];
    else if (
      micro(value) !== micro(asked.quantity) && !terms.allows.includes("partial_quantities")
    ) {
      yield [at, "partial_not_allowed", "partial_not_allowed"];
    }
  }
  function* breakFaults(terms, asked, line, at) {
    const breaks = line.breaks || [];
    if (!breaks.length) return;
    if (!terms.allows.includes("quantity_breaks")) {
      yield [at, "breaks_not_allowed", "breaks_not_allowed"];
      return;
    }
    if (breaks.length > MOST_BREAKS) yield [at, "too_many", "too_many_breaks"];
    let before = "0";
    for (const [index, [from, price]] of breaks.entries()) {
      const place = `${at}/${index}/from_quantity`;
      if (from.startsWith("-") || !isMore(from, before)) {
        yield [place, "not_ascending", "not_ascending"];
      } else if (isMore(from, asked.quantity)) yield [place, "above_asked", "break_above_asked"];
      else if (places(from) > 6) yield [place, "too_many_decimals", "quantity_decimals"];
      else before = from;
      yield* priceFaults(price, `${at}/${index}/unit_price`);
    }
  }
  function* lineFaults(terms, known, content) {
    const seen = new Set();
    for (const [index, line] of content.lines.entries()) {
      const at = `/lines/${index}`;
      const asked = known.get(line.line_id);
      if (!asked) yield [`${at}/line_id`, "unknown_line", "unknown_line"];
      else if (seen.has(line.line_id)) yield [`${at}/line_id`, "duplicate_line", "unknown_line"];
      else if (content.lot_ids.length && !content.lot_ids.includes(asked.lot_id)) {
        yield [`${at}/line_id`, "lot_not_chosen", "lot_not_chosen"];
      } else {
        yield* partFaults(terms, asked, line, `${at}/quantity`);
        yield* breakFaults(terms, asked, line, `${at}/breaks`);
      }
      seen.add(line.line_id);
      yield* priceFaults(line.unit_price, `${at}/unit_price/amount`);
    }
  }

  // Answers

  const isReadable = (asked, text) => {
    if (asked.type === "text") return true;
    if (asked.type === "yes_no") return text === "yes" || text === "no";
    if (asked.type === "choice") return asked.choices.some((each) => each.label === text);
    if (asked.type === "date") {
      const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
      return day !== null && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
    }
    const bare = text.replace(/[\s\u00a0\u202f]/g, "");
    return (
      /^-?[0-9]{1,13}(\.[0-9]{1,6})?$/.test(bare) ||
      /^-?[0-9]{1,13},([0-9]{1,2}|[0-9]{4,6})$/.test(bare)
    );
  };
  // what earns points in the lots that the bid is for, or is asked for a cost alone
  const concerned = (terms, known, content) => {
    const asked = terms.criteria.filter((each) => !each.is_price);
    const own = (lot) => (lot.weights || []).map(([id]) => id);
    const lots = content.lot_ids.length
      ? content.lot_ids
      : content.lines.map((line) => known.get(line.line_id)?.lot_id).filter(Boolean);
    if (!lots.length || !terms.lots.some((lot) => own(lot).length)) return asked;
    const counts = (each) => (each.section ?? null) !== null || each.weight !== "0";
    const counted = new Set();
    for (const lot of terms.lots.filter((each) => lots.includes(each.id))) {
      const ids = own(lot).length ? own(lot) : terms.criteria.filter(counts).map((each) => each.id);
      ids.forEach((id) => counted.add(id));
    }
    const somewhere = new Set(terms.lots.flatMap(own));
    return asked.filter(
      (each) => counted.has(each.id) || !(counts(each) || somewhere.has(each.id)),
    );
  };
  function* answerFaults(terms, known, content) {
    const asked = new Map(terms.criteria.filter((c) => !c.is_price).map((c) => [c.id, c]));
    const said = new Set();
    for (const [index, answer] of content.answers.entries()) {
      const criterion = asked.get(answer.criterion_id);
      if (!criterion) {
        yield [`/answers/${index}/criterion_id`, "unknown_criterion", "unknown_criterion"];
        continue;
      }
      said.add(answer.criterion_id);
      const spec = criterion.answer || { type: "text" };
      if (!isReadable(spec, answer.text)) {
        yield [`/answers/${index}/text`, "wrong_type", `answer_${spec.type}`];
      }
    }
    for (const criterion of concerned(terms, known, content)) {
      if (criterion.answer && criterion.answer.knock_out && !said.has(criterion.id)) {
        yield ["/answers", "answer_required", "required", { criterion: criterion.id }];
      }
    }
  }

  // Minimum order and bundles

  function* amountFaults(amount, exponent, at) {
    if (isNothing(amount) || micro(amount) >= LIMIT * MICRO) yield [at, "out_of_range", "amount_range"];
    else if (places(amount) > exponent) yield [at, "too_many_decimals", "amount_decimals"];
  }
  function* minimumFaults(terms, known, content, exponent) {
    if (!content.minimum_order) return;
    if (!terms.allows.includes("minimum_order")) {
      yield ["/minimum_order", "minimum_not_allowed", "minimum_not_allowed"];
      return;
    }
    const [amount] = content.minimum_order;
    const faults = [...amountFaults(amount, exponent, "/minimum_order/amount")];
    yield* faults;
    const total = totalOf(known, content, exponent);
    if (!faults.length && content.lines.length && inUnits(amount, exponent) > total) {
      yield ["/minimum_order/amount", "minimum_above_total", "minimum_above_total"];
    }
  }
  const covers = (bundle, line) =>
    bundle.line_ids.includes(line.id) || bundle.lot_ids.includes(line.lot_id);
  function* bundleFaults(terms, known, content, exponent) {
    const bundles = content.bundles || [];
    if (!bundles.length) return;
    if (!terms.allows.includes("bundles")) {
      yield ["/bundles", "bundles_not_allowed", "bundles_not_allowed"];
      return;
    }
    if (bundles.length > MOST_BUNDLES) yield ["/bundles", "too_many", "too_many_bundles"];
    const names = new Set();
    for (const [index, bundle] of bundles.entries()) {
      const at = `/bundles/${index}`;
      if (!bundle.name || names.has(bundle.name)) {
        yield [`${at}/name`, "name_not_own", "name_not_own"];
      }
      names.add(bundle.name);
      const faults = [
        ...coveredFaults(terms, known, bundle, at), ...bundlePriceFaults(bundle, exponent, at),
      ];
      yield* faults;
      if (!faults.length) yield* bundleOfferFaults(terms, content, bundle, exponent, at);
    }
  }
  function* coveredFaults(terms, known, bundle, at) {
    if (bundle.line_ids.some((id) => !known.has(id))) {
      yield [`${at}/line_ids`, "unknown_line", "unknown_line"];
    }
    if (bundle.lot_ids.some((id) => !terms.lots.some((lot) => lot.id === id))) {
      yield [`${at}/lot_ids`, "unknown_lot", "unknown_lot"];
    }
    if (terms.lines.filter((line) => covers(bundle, line)).length < 2) {
      yield [`${at}/line_ids`, "too_few_lines", "too_few_lines"];
    }
  }
  function* bundlePriceFaults(bundle, exponent, at) {
    const { percent, price } = bundle;
    if ((percent === null) === (price === null)) {
      yield [at, "price_or_percent", "price_or_percent"];
    } else if (price !== null) yield* amountFaults(price[0], exponent, `${at}/price/amount`);
    else if (isNothing(percent) || micro(percent) >= 100n * MICRO || places(percent) > 2) {
      yield [`${at}/percent`, "out_of_range", "percent_range"];
    }
  }
  function* bundleOfferFaults(terms, content, bundle, exponent, at) {
    const priced = new Map(content.lines.map((line) => [line.line_id, line]));
    const lines = terms.lines.filter((line) => covers(bundle, line));
    const isWhole = (asked) => {
      const line = priced.get(asked.id);
      return line && offered(asked, line) === micro(asked.quantity);
    };
    const missing = lines.filter((line) => !isWhole(line)).map((line) => line.number);
    if (missing.length) {
      const numbers = missing.join(", ");
      yield [`${at}/line_ids`, "not_priced", "not_priced", { numbers }];
      return;
    }
    const saving = savingOf(lines, priced, bundle, exponent);
    if (saving === null) yield [`${at}/price/amount`, "not_exact", "not_exact"];
    else if (saving <= 0n) yield [at, "not_cheaper", "not_cheaper"];
  }
  // what the bundle saves; null where no unit prices with six places come to its price
  const savingOf = (lines, priced, bundle, exponent) => {
    const single = lines.map((line) => {
      const quantity = micro(line.quantity);
      const unit = priceAt(priced.get(line.id), quantity);
      return { quantity, unit, total: product(quantity, unit, exponent) };
    });
    const sum = (all) => all.reduce((total, each) => total + each.total, 0n);
    const whole = sum(single);
    const byPercent = bundle.percent !== null;
    if (!byPercent && whole === 0n) return null;
    const [part, of] = byPercent
      ? [100n * MICRO - micro(bundle.percent), 100n * MICRO]
      : [inUnits(bundle.price[0], exponent), whole];
    const found = single.map(({ quantity, unit }) => {
      const lower = halfUp(unit * part, of);
      return { quantity, unit: lower, total: product(quantity, lower, exponent) };
    });
    const rest = byPercent ? 0n : inUnits(bundle.price[0], exponent) - sum(found);
    if (rest !== 0n && !placeRest(found, rest, exponent)) return null;
    return found.every((each) => each.unit > 0n) ? whole - sum(found) : null;
  };
  const placeRest = (found, rest, exponent) => {
    const compared = (a, b) => Number(a.quantity > b.quantity) - Number(a.quantity < b.quantity);
    const byQuantity = [...found].sort(compared);
    for (const each of byQuantity) {
      const total = each.total + rest;
      if (total <= 0n) continue;
      const unit = halfUp(total * 10n ** BigInt(12 - exponent), each.quantity);
      if (product(each.quantity, unit, exponent) === total) {
        Object.assign(each, { unit, total });
        return true;
      }
    }
    return false;
  };

  // The whole

  // why this bid cannot be taken: [pointer, code, words, values]
  const faults = ({ terms, places: exponents, alternative }, content) => {
    const known = new Map(terms.lines.map((line) => [line.id, line]));
    const exponent = exponents[content.currency || terms.currency];
    const found = [];
    if (alternative && !content.name) found.push(["/name", "required", "name"]);
    if (!alternative && content.name) found.push(["/name", "not_an_alternative", "name"]);
    found.push(...lineFaults(terms, known, content));
    for (const [index, id] of content.lot_ids.entries()) {
      const isAsked = terms.lots.some((lot) => lot.id === id);
      if (!isAsked) found.push([`/lot_ids/${index}`, "unknown_lot", "unknown_lot"]);
    }
    found.push(...answerFaults(terms, known, content));
    if (!found.length && totalOf(known, content, exponent) >= LIMIT * 10n ** BigInt(exponent)) {
      found.push(["/lines", "too_large", "total_too_large"]);
    }
    if (!content.lines.length) found.push(["/lines", "required", "no_price"]);
    if (!found.length) {
      found.push(...minimumFaults(terms, known, content, exponent));
      found.push(...bundleFaults(terms, known, content, exponent));
    }
    return found;
  };
  const total = ({ terms, places: exponents }, content) => {
    const currency = content.currency || terms.currency;
    const known = new Map(terms.lines.map((line) => [line.id, line]));
    const units = String(totalOf(known, content, exponents[currency]));
    const size = exponents[currency];
    if (!size) return `${units} ${currency}`;
    const padded = units.padStart(size + 1, "0");
    return `${padded.slice(0, -size)}.${padded.slice(-size)} ${currency}`;
  };
  return { faults, total, PLAIN };
})();
