// Answers while somebody types: a moment after the last key the results are asked for and put in the place of those that stand there.
// Without it the form is sent as any other.
"use strict";
(() => {
  const WAIT_MS = 150;
  const form = document.querySelector("form.search");
  const results = document.getElementById("results");
  if (!form || !results) return;
  const asked = () => {
    const fields = [...new FormData(form)].filter(([, value]) => value !== "");
    return new URLSearchParams(fields).toString();
  };
  let shown = asked();
  let waiting = 0;
  let running = null;
  const ask = async () => {
    const query = asked();
    if (query === shown) return;
    if (running) running.abort();
    running = new AbortController();
    const address = query ? `/objects?${query}` : "/objects";
    try {
      const answer = await fetch(`/objects?${query}${query ? "&" : ""}part=results`, { signal: running.signal });
      // Whoever must log in again, or asked too much, is told so on a page.
      if (!answer.ok || answer.redirected) {
        location.assign(address);
        return;
      }
      const part = new DOMParser().parseFromString(await answer.text(), "text/html");
      results.replaceChildren(...part.body.childNodes);
      shown = query;
      history.replaceState(null, "", address);
      document.dispatchEvent(new Event("bongsu:shown"));
    } catch (error) {
      // Another key was typed, or the node can't be reached: the form's button still asks.
      if (error.name !== "AbortError") console.warn(error);
    }
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, WAIT_MS);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
})();
