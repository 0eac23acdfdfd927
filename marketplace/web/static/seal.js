// Seals a bid in the bidder's browser. Nothing that is typed here is sent: the fields have no names,
// and the form that is sent holds envelopes alone. How is written down in docs/verifying.md:
// HPKE (RFC 9180) base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
// This file is the cryptography; seal-rules.js knows what a bid may say, seal-form.js the fields,
// seal-documents.js the files, and seal-page.js what happens when.
"use strict";
window.sealing = (() => {
  const holder = document.getElementById("sealing-facts");
  if (!holder) return null;
  const facts = JSON.parse(holder.textContent);
  const subtle = window.crypto && window.crypto.subtle;
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
  const documentPlace = (id) =>
    bytes(
      `bid:document|${facts.rfq_id}|${facts.supplier_id}` +
        (facts.alternative ? `|alternative-${facts.alternative}` : "") +
        `|${id}`,
    );
  const lockDocument = async (id, key, plain) => lock(key, padded(plain), documentPlace(id));
  const openDocument = async (entry, locked) => {
    const plain = unpadded(await unlock(fromHex(entry.key), locked, documentPlace(entry.id)));
    if (toHex(await sha256(plain)) !== entry.sha256) throw new Error("another file");
    return plain;
  };
  const canSeal = async () => {
    try {
      await subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
      return true;
    } catch {
      return false;
    }
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

  return {
    facts, random, sha256, toHex, fromHex, toBase64, canSeal, sealAll, readBack, lockDocument,
    openDocument,
  };
})();
