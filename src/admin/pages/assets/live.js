/**
 * Keeps a page up to date: fetches it anew when the server says that something was committed, and when its own pace says
 * so. A page that nobody looks at asks nothing. Without the stream the page asks every few seconds.
 */
(() => {
  const note = document.getElementById("live");
  const mainOf = () => document.getElementById("main");
  if (mainOf()?.dataset.pace === undefined || note === null || typeof htmx === "undefined") return;
  const REST_MS = 1_000;
  const POLL_MS = 5_000;
  const TIMEOUT_MS = 10_000;
  const words = note.dataset;
  const clock = new Intl.DateTimeFormat("sv-SE", { timeStyle: "medium" });
  let stream = null;
  let later = 0;
  let timer = 0;
  let isOld = false;
  let isAsking = false;
  let askedAt = performance.now();
  let took = 0;
  let shownAt = new Date();

  const say = (text, link) => {
    const said = text.replace("{time}", clock.format(shownAt));
    if (note.dataset.said === said) return;
    note.dataset.said = said;
    note.textContent = said;
    if (link) {
      const [name, href] = link;
      note.append(" ", Object.assign(document.createElement("a"), { href, textContent: name }));
    }
  };
  const signIn = () => `/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`;

  /** A form that a person has begun to fill in. */
  const isTouched = () =>
    [...document.querySelectorAll("input:not([type=hidden]), textarea")].some((field) =>
      field.type === "checkbox"
        ? field.checked !== field.defaultChecked
        : field.value !== field.defaultValue,
    );

  const fetchPage = async () => {
    const answer = await fetch(mainOf().dataset.from || location.href, {
      headers: { "HX-Request": "true" },
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: answer.status, text: await answer.text() };
  };

  const show = async ({ status, text }) => {
    if (status === 401) {
      hangUp();
      return say(words.ended, [words.signIn, signIn()]);
    }
    const main = mainOf();
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (fresh === null || status >= 500 || status === 403) {
      const why = fresh?.querySelector(".sentence")?.textContent ?? `${status}`;
      return say(words.fault.replace("{why}", why));
    }
    if (fresh.dataset.build !== main.dataset.build) {
      if (!isTouched()) return location.reload();
      return say(words.renewed, [words.reload, location.href]);
    }
    const tails = [...main.querySelectorAll("pre.tail")].filter(
      (pre) => pre.scrollHeight - pre.scrollTop - pre.clientHeight < 2,
    );
    await htmx.swap({
      sourceElement: main,
      target: main,
      text,
      select: "#main",
      swap: "outerMorph",
    });
    for (const pre of tails) pre.scrollTop = pre.scrollHeight;
    shownAt = new Date();
    say("");
    if (stream === null) listen();
  };

  const ask = async () => {
    clearTimeout(timer);
    if (isAsking || document.hidden) return;
    isAsking = true;
    isOld = false;
    askedAt = performance.now();
    try {
      await show(await fetchPage());
    } catch {
      say(words.lost);
    }
    isAsking = false;
    took = performance.now() - askedAt;
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    if (document.hidden || isAsking) return;
    const rest = Math.max(REST_MS, took * 4);
    const pace = Number(mainOf().dataset.pace) || POLL_MS;
    const isTold = stream?.readyState === EventSource.OPEN;
    const wait = isOld ? rest : Math.max(rest, isTold ? pace : Math.min(pace, POLL_MS));
    timer = setTimeout(ask, askedAt + wait - performance.now());
  };

  const notice = () => {
    isOld = true;
    plan();
  };

  const hangUp = () => {
    clearTimeout(later);
    stream?.close();
    stream = null;
  };

  const listen = () => {
    hangUp();
    stream = new EventSource("/live");
    stream.addEventListener("open", notice); // something may have changed before
    stream.addEventListener("changed", notice);
    stream.addEventListener("error", ({ target }) => {
      // The browser comes back by itself after a connection that was cut, and not after a refusal.
      if (target.readyState === EventSource.CLOSED) later = setTimeout(listen, POLL_MS);
      plan();
    });
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(timer);
      hangUp();
    } else {
      listen();
      notice();
    }
  });
  if (!document.hidden) listen();
  plan();
})();
