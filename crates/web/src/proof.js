// Checks a proof in the browser: from the object's bytes to the leaf, along the path to the root, and the signatures under the
// checkpoint, by WebCrypto. The file is the one that is chosen, or fetched from beside the page. docs/transparency.md has the form.
"use strict";
(() => {
  const part = document.getElementById("verify");
  if (!part) return;
  part.hidden = false;
  const words = part.dataset;
  const at = (name) => document.getElementById(`verify-${name}`);
  const steps = at("steps");
  const verdict = at("verdict");
  const subtle = window.crypto?.subtle;
  const button = at("now");
  if (!subtle) {
    verdict.textContent = words.insecure;
    button.disabled = true;
    return;
  }

  // Bytes.
  const utf8 = (text) => new TextEncoder().encode(text);
  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const hash32 = (base64) => {
    const read = bytes(base64);
    if (read.length !== 32) throw new Error(base64);
    return read;
  };
  const joined = (...all) => {
    const out = new Uint8Array(all.reduce((sum, one) => sum + one.length, 0));
    all.reduce((start, one) => (out.set(one, start), start + one.length), 0);
    return out;
  };
  const same = (one, other) => one.length === other.length && one.every((byte, place) => byte === other[place]);
  const sha256 = async (...all) => new Uint8Array(await subtle.digest("SHA-256", joined(...all)));
  const hex = (all) => [...all].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const big64 = (number) => {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigInt64(0, BigInt(number));
    return out;
  };

  // True, false, or null where the browser knows no Ed25519.
  const signed = async (key, signature, message) => {
    try {
      const read = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
      return await subtle.verify({ name: "Ed25519" }, read, signature, message);
    } catch (error) {
      return error.name === "NotSupportedError" ? null : false;
    }
  };

  // C2SP signed-note: a verifier's key, and the signature of that key below a note. Kind 1 signs notes, kind 4 cosigns them.
  const keyOf = async (text) => {
    const first = text.indexOf("+");
    const second = text.indexOf("+", first + 1);
    if (first < 1 || second < 0) throw new Error(text);
    const name = text.slice(0, first);
    const read = bytes(text.slice(second + 1));
    const kind = read[0];
    const id = (await sha256(utf8(`${name}\n`), read)).slice(0, 4);
    const isOne = read.length === 33 && (kind === 1 || kind === 4) && hex(id) === text.slice(first + 1, second);
    if (!isOne) throw new Error(text);
    return { text, name, kind, id, key: read.slice(1) };
  };
  const noteHolds = async (note, key) => {
    const end = note.lastIndexOf("\n\n");
    if (end < 0) return false;
    const text = note.slice(0, end + 1);
    const begins = `\u2014 ${key.name} `;
    for (const line of note.slice(end + 2).split("\n")) {
      if (!line.startsWith(begins)) continue;
      const read = bytes(line.slice(begins.length));
      if (!same(read.slice(0, 4), key.id)) continue;
      if (key.kind === 1) return signed(key.key, read.slice(4), utf8(text));
      const time = new DataView(read.buffer).getBigUint64(4);
      return signed(key.key, read.slice(12), utf8(`cosignature/v1\ntime ${time}\n${text}`));
    }
    return false;
  };

  // RFC 8785, whose numbers and texts are those of JSON.stringify.
  const canonical = (value) => {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const pairs = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${pairs.join(",")}}`;
  };
  // Of a redacted copy: that the node has signed it, with the commitment of its original.
  const copyHolds = async (text, content, key) => {
    const copy = JSON.parse(text);
    const note = copy.extensions?.[words.redaction];
    if (!note || note.commitment !== hex(content) || note.node !== key.name) return false;
    const signature = bytes(note.signature);
    delete note.signature;
    return signed(key.key, signature, utf8(canonical(copy)));
  };

  // RFC 9162, 2.1.3.2: whether the path leads from the leaf to the root.
  const leads = async (leaf, number, size, path, root) => {
    if (number < 1n || number > size) return false;
    let [place, last, hash] = [number - 1n, size - 1n, leaf];
    for (const beside of path) {
      if (last === 0n) return false;
      if ((place & 1n) === 1n || place === last) {
        hash = await sha256([1], beside, hash);
        while ((place & 1n) === 0n && place !== 0n) {
          place >>= 1n;
          last >>= 1n;
        }
      } else {
        hash = await sha256([1], hash, beside);
      }
      place >>= 1n;
      last >>= 1n;
    }
    return last === 0n && same(hash, root);
  };

  let fault = false;
  let open = false;
  const tell = (step, holds, detail) => {
    const line = document.createElement("li");
    line.dataset.step = step;
    line.dataset.state = holds === null ? "open" : holds ? "holds" : "fails";
    const tag = document.createElement("span");
    tag.className = `tag ${holds === null ? "" : holds ? "got" : "held"}`;
    tag.textContent = words[line.dataset.state];
    const told = detail ? ` ${detail}` : "";
    line.append(`${words[step]} `, tag, told);
    steps.append(line);
    fault ||= holds === false;
    open ||= holds === null;
  };
  const whyOpen = (holds) => (holds === null ? words.nosignatures : "");

  const check = async (text, keys) => {
    const proof = JSON.parse(text);
    if (proof.form !== words.form) throw new Error(String(proof.form));
    const own = await keyOf(proof.key);
    const given = keys.filter((key) => key.kind === 1);
    const key = given[0] ?? own;
    for (const one of given) tell("key", one.text === own.text, own.text);

    const record = proof.record;
    const [when_salt, about, content] = [record.when_salt, record.about, record.content].map(hash32);
    const object = utf8(proof.object);
    let held;
    if (record.content_salt === undefined) {
      held = await copyHolds(proof.object, content, key);
    } else {
      held = same(await sha256(hash32(record.content_salt), await sha256(object)), content);
    }
    tell("object", held, `SHA-256 ${hex(await sha256(object))} ${whyOpen(held)}`);

    const when = await sha256(when_salt, big64(record.added_us));
    const leaf = await sha256([0], [2], when, about, content);
    const [origin, size, root] = proof.checkpoint.split("\n");
    const path = proof.inclusion.map(hash32);
    held = await leads(leaf, BigInt(record.number), BigInt(size), path, hash32(root));
    tell("inclusion", held, `${btoa(String.fromCharCode(...leaf))} \u2192 ${root}`);

    const line = /^\/line\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    const isOfNode = origin.startsWith(key.name) && line.test(origin.slice(key.name.length));
    held = isOfNode && (await noteHolds(proof.checkpoint, key));
    tell("checkpoint", held, `${key.name} ${given.length === 0 ? words.nokey : whyOpen(held)}`);
    // Whoever has changed the file could have put a key of their own into it.
    open ||= given.length === 0;
    for (const witness of keys.filter((key) => key.kind === 4)) {
      held = await noteHolds(proof.checkpoint, witness);
      tell("witness", held, `${witness.name} ${whyOpen(held)}`);
    }
  };

  const fetched = async () => {
    const address = new URL(`${location.pathname}.json?record=${words.record}`, location.origin);
    const answer = await fetch(address, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    steps.replaceChildren();
    verdict.textContent = "";
    verdict.className = "";
    [fault, open] = [false, false];
    let what = words.notkey;
    try {
      const lines = at("keys").value.split("\n").map((line) => line.trim());
      const keys = await Promise.all(lines.filter((line) => line !== "").map(keyOf));
      what = words.unread;
      const file = at("file").files[0];
      await check(file ? await file.text() : await fetched(), keys);
      verdict.textContent = fault ? words.some : open ? words.half : words.all;
    } catch (error) {
      fault = true;
      verdict.textContent = `${what} ${error.message}`;
    }
    verdict.className = fault ? "fault" : open ? "" : "good";
    button.disabled = false;
  });
})();
