/** Draws the charts of the page, and fetches them anew once a minute. */
(() => {
  const section = document.getElementById("charts");
  if (section === null || typeof uPlot === "undefined") return;
  const HEIGHT = 200;
  const drawn = new Map();
  const two = (part) => String(part).padStart(2, "0");
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const length = (ms) => {
    if (ms < 1_000) return `${Math.round(ms * 100) / 100} ms`;
    if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
    if (ms < 3_600_000) return `${Math.round(ms / 6_000) / 10} min`;
    return `${Math.round(ms / 360_000) / 10} h`;
  };
  const moment = (seconds, isShort) => {
    const time = new Date(seconds * 1_000);
    const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
    const day = `${two(time.getMonth() + 1)}-${two(time.getDate())}`;
    if (isShort) return clock === "00:00" ? day : clock;
    return `${day} ${clock}`;
  };

  const draw = (box) => {
    const { time: timeWord, unit, at, lines } = JSON.parse(box.dataset.chart);
    const data = [at, ...lines.map(({ values }) => values)];
    const words = unit === "ms" ? length : String;
    const old = drawn.get(box);
    if (old?.series.length === data.length) return old.setData(data);
    old?.destroy();
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 } };
    const chart = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_, __, most) => [0, Math.max(most ?? 0, 1) * 1.1] } },
        axes: [
          { ...axis, values: (_, times) => times.map((time) => moment(time, true)) },
          { ...axis, size: 64, values: (_, values) => values.map(words) },
        ],
        legend: {
          markers: { dash: (chart, index) => (chart.series[index].dash ? "dashed" : "solid") },
        },
        series: [
          { label: timeWord, value: (_, time) => (time === null ? "–" : moment(time, false)) },
          ...lines.map((line) => ({
            label: line.label,
            stroke: color(line.color),
            width: 2,
            spanGaps: true,
            points: { show: line.values.filter((value) => value !== null).length < 3 },
            ...(line.isDashed && { dash: [6, 4] }),
            value: (_, value) => (value === null || value === undefined ? "–" : words(value)),
          })),
        ],
      },
      data,
      box,
    );
    drawn.set(box, chart);
  };
  const boxes = () => section.querySelectorAll("[data-chart]");
  const drawAll = () => boxes().forEach(draw);
  requestAnimationFrame(() => setTimeout(drawAll)); // the page is painted first
  new ResizeObserver(() => {
    for (const [box, chart] of drawn) {
      if (box.clientWidth !== chart.width)
        chart.setSize({ width: box.clientWidth, height: HEIGHT });
    }
  }).observe(section);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const chart of drawn.values()) chart.destroy();
    drawn.clear();
    drawAll();
  });

  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(`/charts?last=${section.dataset.span}`).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = fresh.querySelectorAll("#charts [data-chart]");
    if (found.length !== boxes().length) return;
    boxes().forEach((box, index) => (box.dataset.chart = found[index].dataset.chart));
    section
      .querySelector("details")
      .lastElementChild.replaceWith(fresh.querySelector("#charts details").lastElementChild);
    document.dispatchEvent(new Event("tq:times")); // page.js shows them
    drawAll();
  }, 60_000);
})();
