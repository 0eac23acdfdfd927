// What happens when on the page on which a bid is sealed: the draft that this browser alone keeps, the
// keys that read sealed versions back, sealing, and sending the envelopes.
"use strict";
(() => {
  if (!window.sealing) return;
  const { facts, random, toHex, fromHex, toBase64, canSeal, sealAll, readBack } = window.sealing;
  const form = window.sealingForm;
  const documents = window.sealingDocuments;
  const $ = (id) => document.getElementById(id);
  const which = facts.alternative ? `:${facts.alternative}` : "";
  const store = `sealed-bid:${facts.rfq_id}:${facts.supplier_id}${which}`;
  const MOST_KEYS = 10;

  // What this browser keeps: {draft, documents, terms, keys, sent}

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
      $("seal-kept-nothing").hidden = true;
    } catch {
      // it may be full, or set to keep nothing: the key file remains
      $("seal-kept-nothing").hidden = false;
    }
  };
  const keysOf = (number) => [].concat((kept().keys || {})[number] || []);
  const keepKey = (key) => {
    // it may be sealed several times before it is sent, in several tabs
    const known = [...keysOf(facts.number), key].slice(-MOST_KEYS);
    keep({ keys: { ...kept().keys, [facts.number]: known } });
  };
  const keepDraft = () => {
    $("seal-done").hidden = true;
    const draft = { draft: form.draft(), documents: documents.entries() };
    keep({ ...draft, terms: facts.terms_number, sent: undefined });
    $("seal-draft").hidden = false;
  };
  const forgetDraft = () => {
    keep({ draft: undefined, documents: undefined, terms: undefined, sent: undefined });
    $("seal-draft").hidden = true;
  };

  // Words

  const say = (...words) => {
    $("seal-status").replaceChildren(
      ...words.map((each) => {
        const line = document.createElement("p");
        line.textContent = each;
        return line;
      }),
    );
  };
  const complain = (faults) => {
    const box = $("seal-faults");
    box.hidden = !faults.length;
    box.querySelector("ul").replaceChildren(
      ...faults.map(([id, words]) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = `#${id || "seal-form"}`;
        link.textContent = words;
        item.append(link);
        return item;
      }),
    );
    if (faults.length) box.focus();
  };

  // Sealing and sending

  const offerKey = (key) => {
    const file = JSON.stringify({ rfq_id: facts.rfq_id, number: facts.number, read_back_key: key });
    const link = $("seal-key");
    link.href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
    const alternative = facts.alternative ? `-alternative-${facts.alternative}` : "";
    link.download = `read-back-key-${facts.rfq_number}${alternative}-${facts.number}.json`;
  };
  const put = (sent, prefix, sealed) => {
    for (const [name, value] of Object.entries(sealed)) {
      sent.elements[`${prefix}.${name}`].value = toBase64(value);
    }
  };
  const nameDocuments = (sent, entries) => {
    sent.querySelectorAll('[name="documents"]').forEach((field) => field.remove());
    for (const entry of entries) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "documents", value: entry.id });
      sent.append(field);
    }
  };
  const sealNow = async () => {
    const { content, faults } = form.checked();
    if (!documents.areSent()) faults.push(["seal-file", facts.words.documents_not_sent]);
    complain(faults);
    if (faults.length) return;
    content.documents = documents.entries();
    const key = random(32);
    const sealed = await sealAll(content, key);
    const sent = $("seal-send");
    put(sent, "main", sealed.main);
    if (sealed.technical) put(sent, "technical", sealed.technical);
    nameDocuments(sent, content.documents);
    keepDraft();
    keepKey(toHex(key));
    $("seal-digest").textContent = sealed.digest;
    $("seal-total").textContent = window.sealingRules.total(facts, content);
    $("seal-count").textContent = String(content.documents.length);
    offerKey(toHex(key));
    $("seal-offline").hidden = true;
    $("seal-done").hidden = false;
    $("seal-done").focus();
  };
  const sendNow = (event) => {
    if (navigator.onLine) {
      keep({ sent: facts.number });
      return;
    }
    event.preventDefault();
    $("seal-offline").hidden = false;
  };

  // Reading back

  const open = async (keys) => {
    for (const key of keys) {
      try {
        const content = await readBack(facts.sealed, fromHex(key));
        form.restore(form.draftOf(content));
        const areThere = documents.put(content.documents || []);
        say(facts.words.read_back, ...(areThere ? [] : [facts.words.documents_gone]));
        return true;
      } catch {
        // perhaps the next one
      }
    }
    return false;
  };
  const openWithFile = async (chooser) => {
    if (!chooser.files[0]) return;
    let key = "";
    try {
      key = String(JSON.parse(await chooser.files[0].text()).read_back_key);
    } catch {
      // no key file at all
    }
    if (!(await open([key]))) say(facts.words.wrong_key);
  };
  const restoreDraft = ({ draft, documents: entries = [], terms, sent }) => {
    const told = [sent ? facts.words.not_arrived : facts.words.draft_restored];
    // drafts of before were the content itself
    const fits = form.restore(Array.isArray(draft.lines) ? form.draftOf(draft) : draft);
    if (terms !== undefined && terms !== facts.terms_number) told.push(facts.words.terms_changed);
    if (!fits) told.push(facts.words.left_out);
    if (!documents.put(entries)) told.push(facts.words.documents_gone);
    $("seal-draft").hidden = false;
    say(...told);
  };
  const begin = async () => {
    const before = kept();
    const last = facts.sealed ? facts.sealed.number : 0;
    // what was sent, and not changed since, has arrived if its key opens it: the draft is done with
    const hasArrived = before.sent && before.sent === last && (await open(keysOf(last)));
    if (hasArrived) forgetDraft();
    else if (before.draft) restoreDraft(before);
    else if (facts.sealed) await open(keysOf(last));
    form.showBundles();
  };

  const start = async () => {
    if (!(await canSeal())) {
      $("seal-cannot").hidden = false;
      return;
    }
    form.form.hidden = false;
    await begin();
    documents.onChange(keepDraft);
    form.form.addEventListener("input", (event) => {
      if (!event.target.dataset.name) return;
      form.showBundles();
      keepDraft();
    });
    form.form.addEventListener("submit", (event) => {
      event.preventDefault();
      sealNow();
    });
    $("seal-send").addEventListener("submit", sendNow);
    $("seal-forget").addEventListener("click", () => {
      forgetDraft();
      window.location.reload();
    });
    const file = $("seal-key-file");
    if (file) file.addEventListener("change", () => openWithFile(file));
  };
  start();
})();
