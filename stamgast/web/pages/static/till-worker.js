// Keeps the till's empty page and its files, so that it opens without a connection. Nothing of a customer: their pages
// are answers to forms, which go to the server or fail.
"use strict";
const SHELL = "/till", NAME = "till-shell";

async function refresh(answer) {
  if (!answer.ok || answer.redirected) return;
  const cache = await caches.open(NAME), text = await answer.clone().text();
  const named = [...text.matchAll(/(?:href|src|data-reader)="(\/(?:static|look)\/[^"]+)"/g)].map((each) => each[1]);
  const known = new Set((await cache.keys()).map((each) => new URL(each.url).pathname));
  await cache.addAll(named.filter((each) => !known.has(each)));
  await cache.put(SHELL, answer);
  const wanted = new Set([SHELL, ...named]);
  await Promise.all((await cache.keys()).filter((each) => !wanted.has(new URL(each.url).pathname)).map((each) => cache.delete(each)));
}

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(fetch(SHELL, { headers: { Accept: "text/html" } }).then(refresh));
});
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event, { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && (pathname === SHELL || /^\/till\/(find|redeem|stamps|undo|enrol|attach)$/.test(pathname))) {
    event.respondWith((async () => {
      try {
        const answer = await fetch(request);
        if (pathname === SHELL) event.waitUntil(refresh(answer.clone()).catch(() => {}));
        return answer;
      } catch {
        return (await caches.match(SHELL)) ?? Response.error();
      }
    })());
  } else if (/^\/(static|look)\//.test(pathname)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});
