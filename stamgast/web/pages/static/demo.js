// The trial's page as it happens: the server says that something else is shown, and only what differs is touched, so that
// a button under the finger, and focus, stay what they are. Without it each button and each name is a page of its own.
(() => {
  "use strict";
  const one = (selector, within = document) => within.querySelector(selector);
  const LIVE = "[data-live]";
  let asking = false, again = false;

  const key = (node) => `${node.nodeName} ${node.dataset?.key ?? ""} ${node.id ?? ""}`;
  function become(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType === Node.TEXT_NODE) { old.data = fresh.data; return; }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    let place = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      let found = place;
      while (found && key(found) !== key(child)) found = found.nextSibling;
      if (!found) { old.insertBefore(child, place); continue; }
      while (place !== found) { const gone = place; place = place.nextSibling; gone.remove(); }
      become(found, child);
      place = found.nextSibling;
    }
    while (place) { const gone = place; place = place.nextSibling; gone.remove(); }
  }

  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    document.querySelectorAll(LIVE).forEach((part) => {
      const fresh = one(`[data-live="${part.dataset.live}"]`, page);
      if (fresh) become(part, fresh);
    });
  }

  async function look() {
    if (asking) { again = true; return; }
    asking = true;
    try {
      do {
        again = false;
        const where = location.href, answer = await fetch(where, { headers: { Accept: "text/html" }, cache: "no-store" });
        const text = await answer.text();
        if (answer.ok && where === location.href) show(text); else again ||= where !== location.href;
      } while (again);
    } catch { /* the stream says when it is lost */ } finally { asking = false; }
  }

  addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.closest(LIVE)) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } }).catch(() => null);
    one("[data-refused]").hidden = answer !== null && (answer.ok || answer.status === 409); // 409: taken back a moment ago already
    void look();
  });
  addEventListener("click", (event) => {
    const link = event.target.closest(".demo-who");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.href);
    void look();
  });

  const told = new EventSource("/events");
  told.onopen = () => { one("[data-lost]").hidden = true; };
  told.onmessage = () => { document.documentElement.dataset.told = Number(document.documentElement.dataset.told ?? 0) + 1; if (!document.hidden) void look(); };
  told.onerror = () => { one("[data-lost]").hidden = false; };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) void look(); });
})();
