/** Shows times in the reader's zone, and listens to keys. A page without JavaScript has the times in UTC. */
(() => {
  const day = { year: "numeric", month: "2-digit", day: "2-digit" };
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const format = new Intl.DateTimeFormat("sv-SE", { ...day, ...clock });
  const exact = new Intl.DateTimeFormat("sv-SE", { ...day, ...clock, timeZoneName: "longOffset" });
  const show = () => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const iso = time.getAttribute("datetime") ?? "";
      const at = new Date(iso);
      if (Number.isNaN(at.getTime())) continue;
      const words = format.format(at);
      if (time.textContent !== words) time.textContent = words;
      time.title = `${exact.format(at)} (${iso})`;
    }
  };
  show();
  document.addEventListener("htmx:after:swap", show);

  const keys = document.getElementById("keys");
  const search = () => document.querySelector("#search input:not([type=checkbox])");
  const focusSearch = () => {
    if (search() === null) location.assign("/tasks#find");
    else search().focus();
  };
  // No element has this id: a browser would take the focus away for one that has.
  if (location.hash === "#find") search()?.focus();
  document.querySelector("[data-keys]")?.addEventListener("click", () => keys?.showModal());
  let isWay = false;
  document.addEventListener("keydown", (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (key === "Shift") return;
    const wasWay = isWay;
    isWay = false;
    if (ctrlKey || metaKey || altKey || keys === null || keys.open) return;
    if (target.closest("input, textarea, select, [contenteditable]")) return;
    if (wasWay) document.querySelector(`nav a[data-key="${CSS.escape(key)}"]`)?.click();
    else if (key === "g") isWay = true;
    else if (key === "?") keys.showModal();
    else if (key === "/") focusSearch();
    else return;
    event.preventDefault();
  });
})();
