// Seals a bid in the bidder's browser. Nothing that is typed here is sent: the fields have no names,
// and the form that is sent holds envelopes alone. How is written down in docs/verifying.md:
// HPKE (RFC 9180) base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
"use strict";
(() => {
  const holder = document.getElementById("sealing-facts");
  if (!holder) return;
  const facts = JSON.parse(holder.textContent);
  const which = facts.alternative ? `:${facts.alternative}` : "";
  const store = `sealed-bid:${facts.rfq_id}:${facts.supplier_id}${which}`;
  const subtle = window.crypto && window.crypto.subtle;
  const $ = (id) => document.getElementById(id);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { fatal: true });

  // Bytes

  const bytes = (text) => encoder.encode(text);
  const random = (size) => window.crypto.getRandomValues(new Uint8Array(size));
  const fromHex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const toHex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const toBase64 = (data) => {
    let text = "";
    for (let at = 0; at < data.length; at += 8192) {
      text += String.fromCharCode(...data.subarray(at, at + 8192));
    }
    return btoa(text);
  };
  const joined = (...parts) => {
    const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  const number = (value, size) => {
    const data = new Uint8Array(size);
    for (let at = size - 1, rest = value; at >= 0; at -= 1, rest = Math.floor(rest / 256)) {
      data[at] = rest % 256;
    }
    return data;
  };
  const sha256 = async (data) => new Uint8Array(await subtle.digest("SHA-256", data));

  // HPKE

  const KEM = joined(bytes("KEM"), number(0x20, 2));
  const SUITE = joined(bytes("HPKE"), number(0x20, 2), number(1, 2), number(2, 2));
  const NOTHING = new Uint8Array(0);
  const hmac = async (key, data) => {
    const padded = key.length ? key : new Uint8Array(32);
    const imported = await subtle.importKey(
      "raw", padded, { name: "HMAC", hash: "SHA-256" }, false, ["sign"],
    );
    return new Uint8Array(await subtle.sign("HMAC", imported, data));
  };
  const extract = (suite, salt, label, input) =>
    hmac(salt, joined(bytes("HPKE-v1"), suite, bytes(label), input));
  const expand = async (suite, key, label, info, size) => {
    const labelled = joined(number(size, 2), bytes("HPKE-v1"), suite, bytes(label), info);
    // one block of HMAC is enough for what is asked here
    return (await hmac(key, joined(labelled, number(1, 1)))).slice(0, size);
  };
  const hpke = async (plain, publicKey, info) => {
    const pair = await subtle.generateKey({ name: "X25519" }, true, ["deriveBits"]);
    const receiver = await subtle.importKey("raw", publicKey, { name: "X25519" }, false, []);
    const secretBits = { name: "X25519", public: receiver };
    const shared = new Uint8Array(await subtle.deriveBits(secretBits, pair.privateKey, 256));
    const sender = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
    const early = await extract(KEM, NOTHING, "eae_prk", shared);
    const secret = await expand(KEM, early, "shared_secret", joined(sender, publicKey), 32);
    const context = joined(
      number(0, 1),
      await extract(SUITE, NOTHING, "psk_id_hash", NOTHING),
      await extract(SUITE, NOTHING, "info_hash", info),
    );
    const schedule = await extract(SUITE, secret, "secret", NOTHING);
    const key = await expand(SUITE, schedule, "key", context, 32);
    const nonce = await expand(SUITE, schedule, "base_nonce", context, 12);
    return joined(sender, await encrypt(key, nonce, plain, NOTHING));
  };
  const encrypt = async (key, nonce, plain, associated) => {
    const imported = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
    const how = { name: "AES-GCM", iv: nonce, additionalData: associated };
    return new Uint8Array(await subtle.encrypt(how, imported, plain));
  };
  const lock = async (key, plain, associated) => {
    const nonce = random(12);
    return joined(nonce, await encrypt(key, nonce, plain, associated));
  };
  const unlock = async (key, locked, associated) => {
    const imported = await subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    const how = { name: "AES-GCM", iv: locked.slice(0, 12), additionalData: associated };
    return new Uint8Array(await subtle.decrypt(how, imported, locked.slice(12)));
  };

  // Envelopes

  const place = (purpose, envelope, bound = facts) =>
    bytes(
      `bid:${purpose}|${facts.rfq_id}|${facts.supplier_id}|${bound.number}|${bound.fingerprint}` +
        (facts.alternative ? `|alternative-${facts.alternative}` : "") +
        (envelope ? `|${envelope}` : ""),
    );
  const padded = (plain) => {
    let size = 4096;
    while (size < plain.length + 8) size *= 2;
    const framed = new Uint8Array(size);
    framed.set(number(plain.length, 8));
    framed.set(plain, 8);
    return framed;
  };
  const unpadded = (framed) => {
    const size = framed.slice(0, 8).reduce((sum, byte) => sum * 256 + byte, 0);
    return framed.slice(8, 8 + size);
  };
  const canonical = (value) => {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  };
  const seal = async (content, publicKey, readBackKey, envelope) => {
    const dataKey = random(32);
    const at = (purpose) => place(purpose, envelope);
    return {
      ciphertext: await lock(dataKey, padded(bytes(canonical(content))), at("body")),
      key_for_opening: await hpke(dataKey, fromHex(publicKey), at("opening")),
      key_for_reading_back: await lock(readBackKey, dataKey, at("reading-back")),
    };
  };
  const digestOf = async (sealed, envelope) => {
    const parts = [sealed.ciphertext, sealed.key_for_opening, sealed.key_for_reading_back];
    const framed = parts.flatMap((part) => [number(part.length, 8), part]);
    return toHex(await sha256(joined(place("digest", envelope), ...framed)));
  };
  const sealAll = async (content, readBackKey) => {
    if (!facts.technical_public_key) {
      const main = await seal(content, facts.public_key, readBackKey, "");
      return { main, digest: await digestOf(main, "") };
    }
    const names = Object.keys(content);
    const pick = (chosen) => Object.fromEntries(chosen.map((name) => [name, content[name]]));
    const first = pick(names.filter((name) => facts.technical_fields.includes(name)));
    const second = pick(names.filter((name) => !facts.technical_fields.includes(name)));
    const technical = await seal(first, facts.technical_public_key, readBackKey, "technical");
    const main = await seal(second, facts.public_key, readBackKey, "price");
    const both = `${await digestOf(technical, "technical")}|${await digestOf(main, "price")}`;
    return { main, technical, digest: toHex(await sha256(bytes(`bid:both|${both}`))) };
  };
  const readBack = async (version, key) => {
    const open = async (body, wrapped, envelope) => {
      const at = (purpose) => place(purpose, envelope, version);
      const dataKey = await unlock(key, fromBase64(wrapped), at("reading-back"));
      const framed = await unlock(dataKey, fromBase64(body), at("body"));
      return JSON.parse(decoder.decode(unpadded(framed)));
    };
    const apart = version.technical_ciphertext;
    const main = await open(version.ciphertext, version.key_for_reading_back, apart ? "price" : "");
    if (!apart) return main;
    const technical = await open(apart, version.technical_key_for_reading_back, "technical");
    return { ...technical, ...main };
  };

  // The form

  const rows = () => Array.from(document.querySelectorAll("[data-line]"));
  const answers = () => Array.from(document.querySelectorAll("[data-criterion]"));
  const plainNumber = (typed) => typed.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
  const answerOf = (field) =>
    field.dataset.type === "number" ? plainNumber(field.value) : field.value.trim();
  const price = (typed) => {
    const plain = plainNumber(typed);
    if (!/^\d{1,13}(\.\d{1,6})?$/.test(plain)) return null;
    const shortest = plain.replace(/^0+(?=\d)/, "");
    return Number(shortest) > 0 && Number(shortest) < 1e13 ? shortest : null;
  };
  const written = () => {
    const faults = [];
    // chosen once for the whole bid, where the RFQ takes several
    const choice = $("seal-currency");
    const currency = choice ? choice.value : facts.currency;
    const lines = [];
    for (const row of rows()) {
      const typed = row.value.trim();
      const note = $(`${row.id}-note`).value;
      row.removeAttribute("aria-invalid");
      if (!typed) continue;
      const value = price(typed);
      if (value === null) {
        row.setAttribute("aria-invalid", "true");
        faults.push([row.id, facts.words.price]);
        continue;
      }
      const named = { line_id: row.dataset.line, unit_price: value, currency, note };
      lines.push({ ...facts.empty_line, ...named });
    }
    if (!lines.length && !faults.length) faults.push([rows()[0].id, facts.words.no_price]);
    const name = $("seal-name") ? $("seal-name").value.trim() : "";
    if ($("seal-name") && !name) faults.push(["seal-name", facts.words.name]);
    const days = $("seal-days").value.trim();
    if (days && !(/^\d{1,4}$/.test(days) && Number(days) <= 3650)) {
      faults.push(["seal-days", facts.words.days]);
    }
    for (const field of answers()) {
      const typed = field.value.trim();
      if (!typed && field.required) faults.push([field.id, facts.words.required]);
      if (typed && field.dataset.type === "number" && !/^-?\d+(\.\d+)?$/.test(plainNumber(typed))) {
        faults.push([field.id, facts.words.number]);
      }
    }
    const said = answers()
      .filter((field) => field.value.trim())
      .map((field) => ({ criterion_id: field.dataset.criterion, text: answerOf(field) }));
    const content = {
      ...facts.empty_content,
      ...(name ? { name } : {}),
      lines,
      answers: said,
      note: $("seal-note").value.trim(),
      delivery_days: days ? Number(days) : null,
      ...(choice ? { currency } : {}),
    };
    return { content, faults };
  };
  const fill = (content) => {
    const choice = $("seal-currency");
    if (choice && content.currency) choice.value = content.currency;
    for (const line of content.lines || []) {
      const row = rows().find((field) => field.dataset.line === line.line_id);
      if (!row) continue;
      row.value = line.unit_price;
      $(`${row.id}-note`).value = line.note || "";
    }
    for (const answer of content.answers || []) {
      const field = answers().find((each) => each.dataset.criterion === answer.criterion_id);
      if (field) field.value = answer.text;
    }
    if ($("seal-name")) $("seal-name").value = content.name || "";
    $("seal-note").value = content.note || "";
    $("seal-days").value = content.delivery_days === null ? "" : content.delivery_days;
  };
  const kept = () => {
    try {
      return JSON.parse(window.localStorage.getItem(store)) || {};
    } catch {
      return {};
    }
  };
  const keep = (more) => {
    try {
      window.localStorage.setItem(store, JSON.stringify({ ...kept(), ...more }));
    } catch {
      // a browser that keeps nothing: the key file remains
    }
  };
  const complain = (faults) => {
    const box = $("seal-faults");
    box.hidden = !faults.length;
    const list = box.querySelector("ul");
    list.replaceChildren(
      ...faults.map(([id, words]) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = `#${id}`;
        link.textContent = words;
        item.append(link);
        return item;
      }),
    );
    if (faults.length) box.focus();
  };
  const offerKey = (key) => {
    const file = JSON.stringify({ rfq_id: facts.rfq_id, number: facts.number, read_back_key: key });
    const link = $("seal-key");
    link.href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
    const alternative = facts.alternative ? `-alternative-${facts.alternative}` : "";
    link.download = `read-back-key-${facts.rfq_number}${alternative}-${facts.number}.json`;
  };
  const put = (form, prefix, sealed) => {
    for (const [name, value] of Object.entries(sealed)) {
      form.elements[`${prefix}.${name}`].value = toBase64(value);
    }
  };
  const sealNow = async () => {
    const { content, faults } = written();
    complain(faults);
    if (faults.length) return;
    const key = random(32);
    const sealed = await sealAll(content, key);
    const form = $("seal-send");
    put(form, "main", sealed.main);
    if (sealed.technical) put(form, "technical", sealed.technical);
    $("seal-digest").textContent = sealed.digest;
    keep({ keys: { ...kept().keys, [facts.number]: toHex(key) }, draft: content });
    offerKey(toHex(key));
    $("seal-done").hidden = false;
    $("seal-done").focus();
  };
  const open = async (key) => {
    try {
      fill(await readBack(facts.sealed, fromHex(key)));
      $("seal-status").textContent = facts.words.read_back;
    } catch {
      $("seal-status").textContent = facts.words.wrong_key;
    }
  };
  const start = async () => {
    try {
      await subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
    } catch {
      $("seal-cannot").hidden = false;
      return;
    }
    $("seal-form").hidden = false;
    const { keys = {}, draft } = kept();
    if (draft) fill(draft);
    else if (facts.sealed && keys[facts.sealed.number]) await open(keys[facts.sealed.number]);
    $("seal-form").addEventListener("input", () => {
      $("seal-done").hidden = true;
      keep({ draft: written().content });
    });
    $("seal-form").addEventListener("submit", (event) => {
      event.preventDefault();
      sealNow();
    });
    const file = $("seal-key-file");
    if (file) {
      file.addEventListener("change", async () => {
        const chosen = file.files[0];
        if (!chosen) return;
        try {
          await open(JSON.parse(await chosen.text()).read_back_key);
        } catch {
          $("seal-status").textContent = facts.words.wrong_key;
        }
      });
    }
  };
  if (subtle) start();
  else $("seal-cannot").hidden = false;
})();
