// What pages do more with scripts than without: times in the zone of whoever looks, if none was chosen, and a word when something new
// has come. Everything can be read and sent without it.
"use strict";
(() => {
  const root = document.documentElement;
  const two = (number) => String(number).padStart(2, "0");
  const local = (at) =>
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
  if (!root.dataset.zone) {
    const localise = () => {
      for (const element of document.querySelectorAll("time[datetime]")) {
        const at = new Date(element.dateTime);
        if (!Number.isNaN(at.getTime())) element.textContent = local(at);
      }
    };
    localise();
    // Who puts something new on the page says so.
    document.addEventListener("bongsu:shown", localise);
    for (const element of document.querySelectorAll("footer .zone")) {
      element.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
    }
  }
})();
