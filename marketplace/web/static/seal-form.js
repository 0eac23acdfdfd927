// The fields of a bid that is sealed in the browser: what they say, what is kept of them as a draft,
// and where something is wrong. They are those of the usual form, without names of their own.
"use strict";
window.sealingForm = (() => {
  if (!window.sealing) return null;
  const { facts } = window.sealing;
  const rules = window.sealingRules;
  const form = document.getElementById("seal-form");
  const all = Array.from(form.querySelectorAll("[data-name]"));
  const fields = (name) => all.filter((field) => field.dataset.name === name);
  const value = (name) => (fields(name)[0] ? fields(name)[0].value.trim().toWellFormed() : "");
  const chosen = (name) =>
    fields(name).flatMap((field) => {
      if (field.type === "checkbox") return field.checked ? [field.value] : [];
      return Array.from(field.selectedOptions || [], (option) => option.value);
    });
  const { lines, criteria } = facts.terms;
  const asked = criteria.filter((each) => !each.is_price);

  // Figures, in the reader's notation

  const plain = (typed) => {
    const text = typed.replace(/[\s\u00a0\u202f’']/g, "");
    if (facts.decimal_sign === "," && text.includes(",")) {
      return text.split(",").length === 2 ? text.replaceAll(".", "").replace(",", ".") : text;
    }
    const isGrouped = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text);
    return facts.decimal_sign === "." && isGrouped ? text.replaceAll(",", "") : text;
  };
  const shown = (text) => {
    const bare = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
    return bare.replace(".", facts.decimal_sign);
  };
  // three decimals get a fourth: three alone could be a group of thousands
  const shownInPair = (text) => shown(text) + (/[.,]\d{3}$/.test(shown(text)) ? "0" : "");

  // What is typed, as the content of a bid

  const written = () => {
    const faults = [];
    const read = (name) => {
      const typed = value(name);
      if (!typed) return null;
      const number = plain(typed);
      if (rules.PLAIN.test(number)) return number;
      faults.push([name, "not_a_number"]);
      return null;
    };
    const currency = value("currency") || facts.terms.currency;
    const rows = { lines: [], bundles: [], answers: [] };
    const content = {
      ...facts.empty_content,
      lines: lines.flatMap((line, row) => lineOf(line, row, currency, read, faults, rows)),
      lot_ids: chosen("lot_ids"),
      note: value("note"),
      delivery_days: days(faults),
      answers: asked.flatMap((criterion, row) => {
        const text = value(`answers.${row}.text`);
        if (text) rows.answers.push(row);
        return text ? [{ criterion_id: criterion.id, text }] : [];
      }),
      ...(fields("currency").length ? { currency } : {}),
    };
    const name = value("name");
    if (name) content.name = name;
    const bundles = bundlesOf(currency, read, rows);
    if (bundles.length) content.bundles = bundles;
    const minimum = read("minimum_order.amount");
    if (minimum !== null) content.minimum_order = [minimum, currency];
    return { content, faults, rows };
  };
  const lineOf = (line, row, currency, read, faults, rows) => {
    const at = `lines.${row}`;
    const unitPrice = read(`${at}.unit_price.amount`);
    if (unitPrice === null) return [];
    rows.lines.push(row);
    const quantity = read(`${at}.quantity.value`);
    const breaks = breaksOf(`${at}.breaks`, faults);
    const note = value(`${at}.note`);
    return [
      {
        ...facts.empty_line,
        ...{ line_id: line.id, unit_price: unitPrice, currency, note },
        ...(quantity === null ? {} : { quantity: [quantity, line.unit] }),
        ...(breaks.length ? { breaks } : {}),
      },
    ];
  };
  // as in "100: 9; 500: 8"
  const breaksOf = (name, faults) => {
    const parts = value(name).split(";").map((part) => part.trim()).filter(Boolean);
    const pairs = parts.map((part) => part.split(":").map((each) => plain(each.trim())));
    const isPair = (pair) => pair.length === 2 && pair.every((each) => rules.PLAIN.test(each));
    if (pairs.every(isPair)) return pairs;
    faults.push([name, "not_breaks"]);
    return [];
  };
  const days = (faults) => {
    const typed = value("delivery_days");
    if (!typed) return null;
    if (/^\d{1,4}$/.test(typed) && Number(typed) <= 3650) return Number(typed);
    faults.push(["delivery_days", "days"]);
    return null;
  };
  const bundleRows = () => fields("bundles.0.name").length ? facts.bundle_rows : 0;
  const bundlesOf = (currency, read, rows) => {
    const found = [];
    for (let row = 0; row < bundleRows(); row += 1) {
      const at = `bundles.${row}`;
      const price = read(`${at}.price.amount`);
      const bundle = {
        name: value(`${at}.name`),
        line_ids: chosen(`${at}.line_ids`),
        lot_ids: chosen(`${at}.lot_ids`),
        price: price === null ? null : [price, currency],
        percent: read(`${at}.percent`),
      };
      const isSaid = (each) => (Array.isArray(each) ? each.length > 0 : Boolean(each));
      if (!Object.values(bundle).some(isSaid)) continue;
      rows.bundles.push(row);
      found.push(bundle);
    }
    return found;
  };

  // Where something is wrong

  const placeOf = (pointer, rows, values) => {
    const path = pointer.slice(1).split("/");
    if (values.criterion) {
      return `answers.${asked.findIndex((each) => each.id === values.criterion)}.text`;
    }
    if (path[0] === "lines" && path.length === 1) return "lines.0.unit_price.amount";
    if (path[0] === "minimum_order") return "minimum_order.amount";
    if (rows[path[0]] && path.length > 1) path[1] = rows[path[0]][Number(path[1])];
    if (path[0] === "lines") {
      if (path[2] === "breaks") return `lines.${path[1]}.breaks`;
      if (path[2] === "quantity") return `lines.${path[1]}.quantity.value`;
      return `lines.${path[1]}.unit_price.amount`;
    }
    if (path[0] === "bundles" && path.length === 2) return `bundles.${path[1]}.name`;
    return path.join(".");
  };
  const worded = (words, values) =>
    Object.entries(values).reduce((text, [name, each]) => text.replace(`{${name}}`, each), words);
  // the line, bundle or question that it is about, and what is wrong
  const told = (name, words, values = {}) => {
    const [kind, row] = name.split(".");
    const detail = worded(facts.words[words], values);
    if (kind === "lines" && words !== "no_price") {
      return worded(facts.words.of_line, { number: lines[row].number, detail });
    }
    if (kind === "bundles") {
      return worded(facts.words.of_bundle, { number: Number(row) + 1, detail });
    }
    if (kind === "answers") return worded(facts.words.of_answer, { name: asked[row].name, detail });
    return detail;
  };
  // the content, and its faults: [name of the field, words]
  const checked = () => {
    const { content, faults, rows } = written();
    all.forEach((field) => field.removeAttribute("aria-invalid"));
    const found = faults.map(([name, words]) => [name, told(name, words)]);
    if (!found.length) {
      for (const [pointer, , words, values = {}] of rules.faults(facts, content)) {
        const name = placeOf(pointer, rows, values);
        found.push([name, told(name, words, values)]);
      }
    }
    const isLong = (field) => field.maxLength > 0 && field.value.length > field.maxLength;
    const tooLong = all.filter(isLong);
    tooLong.forEach((field) => found.push([field.dataset.name, facts.words.too_long]));
    for (const [name] of found) fields(name)[0]?.setAttribute("aria-invalid", "true");
    return { content, faults: found.map(([name, words]) => [fields(name)[0]?.id, words]) };
  };

  // What is kept of it

  // lines and questions by their ids: an addendum may move or remove them
  const keyOf = (name) => {
    const [kind, row, ...rest] = name.split(".");
    if (kind === "lines") return ["lines", lines[row].id, ...rest].join(".");
    return kind === "answers" ? ["answers", asked[row].id, ...rest].join(".") : name;
  };
  const isKept = (field) => field.type !== "hidden";
  const draft = () => {
    const kept = {};
    for (const field of all.filter(isKept)) {
      const name = field.dataset.name;
      const several = field.type === "checkbox" || field.multiple;
      const said = several ? chosen(name) : field.value;
      if (said.length) kept[keyOf(name)] = said;
    }
    return kept;
  };
  // puts a draft into the fields; whether there was a place for all of it
  const restore = (kept) => {
    const found = new Set();
    for (const field of all.filter(isKept)) {
      const key = keyOf(field.dataset.name);
      const said = kept[key] ?? "";
      if (field.type === "checkbox") field.checked = said.includes(field.value);
      else if (field.multiple) {
        for (const option of field.options) option.selected = said.includes(option.value);
      } else field.value = said;
      found.add(key);
    }
    showBundles();
    return Object.keys(kept).every((key) => found.has(key));
  };
  // the content of a bid that was read back, as such a draft
  const draftOf = (content) => {
    const kept = {
      note: content.note || "",
      name: content.name || "",
      delivery_days: content.delivery_days === null ? "" : String(content.delivery_days),
      currency: content.currency || facts.terms.currency,
      lot_ids: content.lot_ids || [],
    };
    if (content.minimum_order) kept["minimum_order.amount"] = shown(content.minimum_order[0]);
    for (const line of content.lines || []) {
      const at = `lines.${line.line_id}`;
      kept[`${at}.unit_price.amount`] = shown(line.unit_price);
      if (line.note) kept[`${at}.note`] = line.note;
      if (line.quantity) kept[`${at}.quantity.value`] = shown(line.quantity[0]);
      const pairs = (line.breaks || []).map((pair) => pair.map(shownInPair).join(": "));
      if (pairs.length) kept[`${at}.breaks`] = pairs.join("; ");
    }
    for (const answer of content.answers || []) {
      kept[`answers.${answer.criterion_id}.text`] = answer.text;
    }
    for (const [row, bundle] of (content.bundles || []).entries()) {
      const at = `bundles.${row}`;
      kept[`${at}.name`] = bundle.name;
      kept[`${at}.line_ids`] = bundle.line_ids;
      kept[`${at}.lot_ids`] = bundle.lot_ids;
      if (bundle.price) kept[`${at}.price.amount`] = shown(bundle.price[0]);
      if (bundle.percent) kept[`${at}.percent`] = shown(bundle.percent);
    }
    return Object.fromEntries(Object.entries(kept).filter(([, said]) => said.length));
  };
  // the rows of bundles that are filled in, and two more
  const showBundles = () => {
    const rows = { bundles: [] };
    bundlesOf("", (name) => value(name) || null, rows);
    const last = rows.bundles.at(-1) ?? -1;
    for (let row = 0; row < bundleRows(); row += 1) {
      fields(`bundles.${row}.name`)[0].closest("tr").hidden = row > last + 2;
    }
  };
  return { form, checked, draft, restore, draftOf, showBundles };
})();
