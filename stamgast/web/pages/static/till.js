// The till as one page: forms are sent without leaving it, the field is always ready, and what can wait waits offline.
// Everything it says stands in the page; without it, each form is a page of its own.
(() => {
  "use strict";
  const HTML = { Accept: "text/html" };
  const KEPT_MS = 7 * 86_400_000, RETRY_MS = 10_000, ASKED_MS = 8_000, LOOK_MS = 150, LOOKED_AT_PX = 800;
  const LATER = new Set([429, 502, 503, 504]); // ask again; what was sent stays
  const QUEUE = "till-queue:";
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const field = one("#scanned"), live = one("[data-live]"), till = document.body.querySelector("[data-merchant]").dataset;
  const own = QUEUE + till.merchant;
  let offline = false, sending = false, counting = 0;

  const newKey = () => [...crypto.getRandomValues(new Uint8Array(12))].map((each) => each.toString(16).padStart(2, "0")).join("");
  const ready = () => { if (matchMedia("(hover: hover)").matches) { field.focus(); field.select(); } };

  // What waits on this device. A form's words stand here in the clear, since no key could be kept from whoever has the
  // device: so no more than that form, and no longer than until it was sent, or somebody has seen that it was refused.
  const rows = () => { try { return JSON.parse(localStorage.getItem(own)) ?? []; } catch { return []; } };
  const keep = (list) => { list.length ? localStorage.setItem(own, JSON.stringify(list)) : localStorage.removeItem(own); draw(); };
  const change = (key, made) => keep(rows().flatMap((each) => (each.key === key ? made(each) : [each])));
  const forgetOthers = () => {
    for (const name of Object.keys(localStorage).filter((each) => each.startsWith(QUEUE) && each !== own)) {
      const kept = JSON.parse(localStorage.getItem(name)).filter((each) => Date.now() - Date.parse(each.at) < KEPT_MS);
      kept.length ? localStorage.setItem(name, JSON.stringify(kept)) : localStorage.removeItem(name);
    }
  };
  const whom = (text) => (text.length > 4 ? "…" + text.slice(-4) : text);

  function draw() {
    const list = one("[data-lines]"), found = rows();
    one("[data-waiting]").hidden = !found.length;
    list.replaceChildren(...found.map((row) => {
      const form = new URLSearchParams(row.form), line = document.createElement("li"), said = document.createElement("div");
      const when = new Date(row.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      const what = row.kind === "stamps" ? `${list.dataset.stamps} ${form.get("stamps")}` : list.dataset.enrol;
      const name = document.createElement("strong"), state = document.createElement("span");
      name.textContent = `${when} · ${what} · ${whom(form.get("scanned") ?? form.get("phone") ?? "")}`;
      state.textContent = row.refused ? `${list.dataset.refused}: ${row.refused}` : list.dataset.waits;
      state.className = row.refused ? "badge bad till-state" : "badge till-state";
      said.className = "stack-s";
      said.append(name, state);
      line.append(said);
      if (row.refused) {
        const seen = document.createElement("button");
        seen.type = "button"; seen.className = "button quiet"; seen.textContent = list.dataset.seen;
        seen.addEventListener("click", () => change(row.key, () => []));
        line.append(seen);
      }
      return line;
    }));
  }

  function be(gone) {
    if (offline === gone) return;
    offline = gone;
    one("[data-offline]").hidden = !gone;
    all("[data-when-offline]").forEach((each) => { each.hidden = !gone; });
    all("[data-online]").forEach((each) => {
      each.dataset.was ??= String(each.disabled);
      each.disabled = gone || each.dataset.was === "true";
    });
    if (!gone) {
      if ("said" in live.dataset) live.replaceChildren(); // what was said of the connection is over
      void empty();
    }
  }

  function say(text) {
    const notice = document.createElement("div");
    notice.className = "notice warn"; notice.setAttribute("role", "alert"); notice.textContent = text;
    live.replaceChildren(notice);
    live.dataset.said = "";
  }

  async function ask(where, form) {
    const until = AbortSignal.timeout(ASKED_MS);
    return fetch(where, { method: form ? "POST" : "GET", body: form, headers: HTML, signal: until, cache: "no-store" });
  }

  // What was kept goes in its order: who was enrolled before they got stamps is known by then.
  async function empty() {
    if (sending) return;
    sending = true;
    try {
      for (const row of rows().filter((each) => !each.refused)) {
        const form = new URLSearchParams(row.form);
        form.set("csrf", till.csrf); form.set("key", row.key); form.set("happened_at", row.at);
        const answer = await ask(`/till/${row.kind}`, form);
        if (answer.redirected || LATER.has(answer.status) || [401, 403].includes(answer.status) || answer.status === 500) return;
        if (answer.ok) { change(row.key, () => []); continue; }
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const why = (one("#why", page) ?? one("h1", page))?.textContent.trim() || String(answer.status);
        change(row.key, (each) => [{ ...each, refused: why }]);
      }
    } catch { be(true); } finally { sending = false; }
  }

  function queue(form, sent) {
    for (const name of ["csrf", "key"]) sent.delete(name);
    const row = { key: one("[name=key]", form).value, kind: form.dataset.queue, at: new Date().toISOString(), form: sent.toString() };
    keep([...rows(), row]);
    say(till.kept);
    form.reset();
    if (form.closest("details")) form.closest("details").open = false;
    one("[name=key]", form).value = newKey();
  }

  function show(page) {
    live.replaceChildren(...one("[data-live]", page).childNodes);
    delete live.dataset.said;
    one(".till-new").replaceWith(one(".till-new", page));
    field.value = one("#scanned", page).value;
    count();
    if (one(".till-new").open) one(".till-new [aria-invalid], .till-new input:not([type=hidden])").focus(); else ready();
  }

  function count() {
    clearInterval(counting);
    const form = one("[data-undo]"), end = Date.now() + 1_000 * Number(form?.dataset.undo ?? 0);
    if (!form) return;
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1_000);
      if (left <= 0) { clearInterval(counting); form.remove(); return; }
      one("[data-left]", form).textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    };
    tick();
    counting = setInterval(tick, 500);
  }

  async function send(form, submitter) {
    const sent = new URLSearchParams(new FormData(form, submitter));
    const buttons = all("button", form).filter((each) => !each.disabled);
    buttons.forEach((each) => { each.disabled = true; });
    try {
      if (offline && form.dataset.queue) { queue(form, sent); return; }
      const answer = await ask(form.getAttribute("action"), sent);
      if (answer.redirected) { location.assign(answer.url); return; }
      be(false);
      if (LATER.has(answer.status) && form.dataset.queue && answer.status !== 429) { queue(form, sent); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (one("[data-live]", page)) show(page); else say(one("h1", page)?.textContent ?? String(answer.status));
    } catch {
      be(true);
      if (form.dataset.queue) queue(form, sent);
      else { say(till.gone); const other = one("#offline-scanned"); if (other) other.value = field.value; }
    } finally {
      buttons.forEach((each) => { each.disabled = offline && "online" in each.dataset; });
    }
  }

  // Browsers that read codes themselves read those of receipts and of goods too; for the others there is a reader of QR.
  async function detector() {
    const kinds = await window.BarcodeDetector?.getSupportedFormats().catch(() => []);
    if (kinds?.includes("qr_code")) {
      const native = new BarcodeDetector();
      return async (video) => (await native.detect(video).catch(() => []))[0]?.rawValue;
    }
    if (!window.readQR) {
      const script = document.createElement("script");
      script.src = till.reader;
      document.head.append(script);
      await new Promise((done, failed) => { script.onload = done; script.onerror = failed; });
    }
    const canvas = document.createElement("canvas"), paper = canvas.getContext("2d", { willReadFrequently: true });
    return async (video) => {
      const scale = Math.min(1, LOOKED_AT_PX / Math.max(video.videoWidth, video.videoHeight, 1));
      canvas.width = Math.round(video.videoWidth * scale); canvas.height = Math.round(video.videoHeight * scale);
      if (!canvas.width || !canvas.height) return "";
      paper.drawImage(video, 0, 0, canvas.width, canvas.height);
      return readQR(paper.getImageData(0, 0, canvas.width, canvas.height));
    };
  }

  async function camera(button) {
    let stream, read;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      read = await detector();
    } catch { // it has no camera, or may not use it
      stream?.getTracks().forEach((each) => each.stop());
      say(till.blind);
      return;
    }
    const video = document.createElement("video");
    video.className = "till-camera"; video.muted = true; video.playsInline = true; video.srcObject = stream;
    one(".till-find").append(video);
    const stop = () => { stream.getTracks().forEach((each) => each.stop()); video.remove(); button.onclick = () => camera(button); };
    button.onclick = stop;
    await video.play();
    while (video.isConnected) {
      const found = await read(video);
      if (found) { field.value = found; stop(); one(".till-find").requestSubmit(); return; }
      await new Promise((done) => { setTimeout(done, LOOK_MS); });
    }
  }

  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    event.preventDefault();
    void send(event.target, event.submitter);
  });
  document.addEventListener("keydown", (event) => { // a scanner types wherever the focus is
    const idle = document.activeElement === document.body || document.activeElement === one("main");
    if (idle && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) { field.focus(); field.select(); }
  });
  addEventListener("online", () => { void probe(); });
  addEventListener("offline", () => be(true));
  async function probe() {
    try {
      const answer = await ask("/till");
      if (answer.redirected) { location.assign(answer.url); return; }
      if (!answer.ok) { if (LATER.has(answer.status)) be(true); return; }
      const now = one("[data-csrf]", new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (now?.dataset.csrf !== till.csrf) { location.reload(); return; } // what was kept here is of an earlier pairing
      be(false);
      void empty();
    } catch { be(true); }
  }
  setInterval(() => { if (offline) void probe(); else if (rows().some((each) => !each.refused)) void empty(); }, RETRY_MS);

  if (navigator.mediaDevices?.getUserMedia) {
    const button = one("[data-camera]");
    button.hidden = false;
    button.onclick = () => camera(button);
  }
  navigator.serviceWorker?.register("/till/sw.js", { scope: "/till" }).catch(() => {}); // without one it opens online only
  forgetOthers();
  draw();
  count();
  ready();
  if (!navigator.onLine) be(true); else void probe();
})();
