// What pages do more with scripts than without: times in the zone of whoever looks, if none was chosen, and parts that are made anew
// when something has come. Everything can be read and sent without it.
"use strict";
(() => {
  const root = document.documentElement;
  const two = (number) => String(number).padStart(2, "0");
  const local = (at) =>
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
  const inOwnZone = (part) => {
    if (root.dataset.zone) return;
    for (const element of part.querySelectorAll("time[datetime]")) {
      const at = new Date(element.dateTime);
      if (!Number.isNaN(at.getTime())) element.textContent = local(at);
    }
    for (const element of part.querySelectorAll("footer .zone")) {
      element.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
    }
  };
  inOwnZone(document);
  // Who puts something new on the page says so.
  document.addEventListener("bongsu:shown", () => inOwnZone(document));

  // What is being put together is asked for again, unless somebody has begun to do something with the page.
  if (document.querySelector("[data-again]")) {
    setTimeout(() => {
      if (!document.hidden && document.activeElement === document.body) location.reload();
    }, 3000);
  }

  // Parts that follow what comes: each has an id, by which it is found in the page as it is now.
  const parts = () => document.querySelectorAll("[data-live][id]");
  if (parts().length === 0 || !window.EventSource) return;
  let asking = false;
  let again = false;
  const renew = async () => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts()) {
          const now = fresh.getElementById(part.id);
          if (!now) continue;
          inOwnZone(now);
          // Nothing is taken away from under whoever is in it.
          if (part.contains(document.activeElement) || part.innerHTML === now.innerHTML) continue;
          part.replaceWith(document.adoptNode(now));
        }
      }
    } catch {
      // The next event asks again.
    }
    asking = false;
    if (again) {
      again = false;
      renew();
    }
  };
  // A page that nobody looks at holds no connection.
  let source = null;
  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource("/live");
      source.addEventListener("grown", renew);
    }
  };
  document.addEventListener("visibilitychange", () => {
    const was = source;
    follow();
    if (!was && source) renew();
  });
  follow();
})();
