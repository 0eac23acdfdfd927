// Files of a bid that is sealed in the browser: each is locked here with a key of its own and sent at
// once, so that the submission itself stays small. Keys, names and digests stay in the bid.
"use strict";
window.sealingDocuments = (() => {
  if (!window.sealing) return null;
  const { facts, random, sha256, toHex, lockDocument, openDocument } = window.sealing;
  const list = document.getElementById("seal-documents");
  const none = document.getElementById("seal-no-documents");
  const chooser = document.getElementById("seal-file");
  const complaint = document.getElementById("seal-file-fault");
  const token = document.querySelector('#seal-send input[name="csrf_token"]').value;
  let changed = () => {};
  // {entry, locked, state}: the entry is what the bid says of it, the locked bytes wait to be sent
  let files = [];

  const ask = (id, method, body) =>
    fetch(`${facts.documents_url}/${id}`, {
      method,
      body,
      headers: { "X-CSRF-Token": token, "Content-Type": "application/octet-stream" },
    });
  const complain = (words, name) => {
    complaint.textContent = words.replace("{name}", name);
    complaint.hidden = !words;
  };
  const faultOf = (file) => {
    const extension = file.name.split(".").pop().toLowerCase();
    if (!file.name.includes(".") || !facts.extensions.includes(extension)) {
      return facts.words.file_kind;
    }
    if (!file.size) return facts.words.file_empty;
    if (file.size > facts.largest_file) return facts.words.file_too_large;
    return files.length >= facts.most_documents ? facts.words.too_many_documents : "";
  };

  const send = async (each) => {
    each.state = "sending";
    show();
    try {
      const answer = await ask(each.entry.id, "PUT", each.locked);
      each.state = answer.ok ? "sent" : "failed";
      const isPlain = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
      each.why = !answer.ok && isPlain ? await answer.text() : facts.words.not_sent;
    } catch {
      each.state = "failed";
      each.why = facts.words.not_sent;
    }
    if (each.state === "sent") each.locked = null;
    show();
    changed();
  };
  const add = async (file) => {
    const fault = faultOf(file);
    complain(fault, file.name);
    if (fault) return;
    const plain = new Uint8Array(await file.arrayBuffer());
    const key = random(32);
    const entry = {
      id: window.crypto.randomUUID(),
      name: file.name.toWellFormed(),
      media_type: file.type,
      size: plain.length,
      sha256: toHex(await sha256(plain)),
      key: toHex(key),
    };
    const each = { entry, locked: await lockDocument(entry.id, key, plain), state: "sending" };
    files.push(each);
    await send(each);
  };
  const remove = async (each) => {
    files = files.filter((one) => one !== each);
    show();
    changed();
    chooser.focus();
    // one that the submitted version has is kept until another one is submitted: no fault here
    if (each.state === "sent") await ask(each.entry.id, "DELETE").catch(() => {});
  };
  const read = async (each) => {
    complain("", "");
    try {
      const answer = await ask(each.entry.id, "GET");
      const plain = await openDocument(each.entry, new Uint8Array(await answer.arrayBuffer()));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([plain], { type: "application/octet-stream" }));
      link.download = each.entry.name;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch {
      complain(facts.words.not_read, each.entry.name);
    }
  };

  const button = (words, each, act, style) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = `btn btn-sm ${style}`;
    made.textContent = words;
    made.setAttribute("aria-label", `${words}: ${each.entry.name}`);
    made.addEventListener("click", () => act(each));
    return made;
  };
  const row = (each) => {
    const item = document.createElement("li");
    const named = document.createElement("span");
    const size = new Intl.NumberFormat(facts.language).format(Math.ceil(each.entry.size / 1024));
    named.textContent = `${each.entry.name} (${size} kB)`;
    if (each.state !== "sent") {
      named.textContent += ` – ${each.state === "failed" ? each.why : facts.words.sending}`;
    }
    const acts = document.createElement("span");
    acts.className = "page-actions";
    if (each.state === "failed") acts.append(button(facts.words.again, each, send, "btn-primary"));
    if (each.state === "sent") acts.append(button(facts.words.read, each, read, "btn-outline"));
    if (each.state !== "sending") {
      acts.append(button(facts.words.remove, each, remove, "btn-outline-danger"));
    }
    item.append(named, acts);
    return item;
  };
  const show = () => {
    list.replaceChildren(...files.map(row));
    none.hidden = files.length > 0;
  };

  chooser.addEventListener("change", async () => {
    const chosen = Array.from(chooser.files);
    chooser.value = "";
    for (const file of chosen) await add(file);
  });
  return {
    entries: () => files.filter((each) => each.state === "sent").map((each) => each.entry),
    areSent: () => files.every((each) => each.state === "sent"),
    // the files of a draft or of a bid that was read back; whether all of them are there
    put: (entries) => {
      const there = entries.filter((entry) => facts.kept_documents.includes(entry.id));
      files = there.map((entry) => ({ entry, locked: null, state: "sent" }));
      show();
      return there.length === entries.length;
    },
    onChange: (act) => {
      changed = act;
    },
  };
})();
