/** Shows times in the reader's zone, and listens to keys. A page without JavaScript has the times in UTC. */
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // The server reads the times of forms and addresses by it.
  document.cookie = `tq_zone=${zone}; path=/; max-age=31536000; samesite=strict`;
  const day = { year: "numeric", month: "2-digit", day: "2-digit" };
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const format = new Intl.DateTimeFormat("sv-SE", { ...day, ...clock });
  const short = new Intl.DateTimeFormat("sv-SE", { ...clock, fractionalSecondDigits: 3 });
  const exact = new Intl.DateTimeFormat("sv-SE", { ...day, ...clock, timeZoneName: "longOffset" });
  const show = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const iso = time.getAttribute("datetime") ?? "";
      const at = new Date(iso);
      if (Number.isNaN(at.getTime())) continue;
      const words =
        "clock" in time.dataset ? short.format(at).replace(",", ".") : format.format(at);
      if (time.textContent !== words) time.textContent = words;
      time.title = `${exact.format(at)} (${iso})`;
    }
  };
  show(document);
  // Before new content comes into the page, so that nothing moves, and a selection stays.
  document.addEventListener("htmx:before:swap", (event) => {
    for (const { fragment } of event.detail.tasks) show(fragment);
  });
  document.addEventListener("tq:times", (event) => show(event.target));

  const keys = document.getElementById("keys");
  const search = () => document.querySelector("#search input:not([type=checkbox])");
  const focusSearch = () => {
    if (search() === null) location.assign("/tasks#find");
    else search().select();
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
    if (target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    if (wasWay) document.querySelector(`nav a[data-key="${CSS.escape(key)}"]`)?.click();
    else if (key === "g") isWay = true;
    else if (key === "?") keys.showModal();
    else if (key === "/") focusSearch();
    else if (key === "n") document.querySelector("a[rel=next]")?.click();
    else return;
    event.preventDefault();
  });

  // The box in the head of a list chooses all rows, and the buttons say how many are chosen.
  const rows = (form) => [...form.querySelectorAll("input[name=id]")];
  const count = (form) => {
    const all = rows(form);
    const chosen = all.filter((box) => box.checked).length;
    const head = form.querySelector("[data-choose-all]");
    head.checked = chosen > 0 && chosen === all.length;
    head.indeterminate = chosen > 0 && chosen < all.length;
    const place = form.querySelector("[data-count]");
    if (place === null) return; // this person may only look
    place.textContent = chosen === 0 ? "" : place.dataset.count.replace("{count}", chosen);
    for (const button of form.querySelectorAll("[name=chosen]")) button.disabled = chosen === 0;
  };
  document.addEventListener("change", ({ target }) => {
    const form = target.closest("form[data-list]");
    if (form === null) return;
    if ("chooseAll" in target.dataset) for (const box of rows(form)) box.checked = target.checked;
    count(form);
  });
  const counts = () => document.querySelectorAll("form[data-list]").forEach(count);
  counts(); // a browser that comes back to a page keeps what was chosen
  document.addEventListener("htmx:after:swap", counts);
})();
