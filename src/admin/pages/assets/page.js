/** Shows times in the reader's zone. A page without JavaScript has them in UTC. */
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
})();
