// A page that is looked at shows what is new: the server says that something is, and the page's content is asked for again.
(() => {
  "use strict";
  if (!window.EventSource) return;
  const told = new EventSource(location.pathname.replace(/\/$/, "") + "/live" + location.search);
  let asking = false;
  told.addEventListener("changed", async () => {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      const main = document.querySelector("main");
      const open = new Set([...main.querySelectorAll("details[open] summary")].map((each) => each.textContent));
      const within = main.contains(document.activeElement) && document.activeElement !== main;
      if (!fresh || within) return; // nothing moves under somebody's hands
      fresh.querySelectorAll("script").forEach((each) => each.remove());
      main.replaceChildren(...fresh.childNodes);
      main.querySelectorAll("summary").forEach((each) => { if (open.has(each.textContent)) each.parentElement.open = true; });
    } catch { /* the next word of the server tries again */ } finally { asking = false; }
  });
})();
