// The page: a text to the server, its marks back, and what is said about them. Text is only ever put in as text;
// the one exception is the marked text, which the server escapes (and no script in it could run: see the policy).

const $ = (id) => document.getElementById(id);
const LABELS = { claim: "ادعا", opinion: "نظر", call_to_action: "فراخوان به عمل" };
const KINDS = { named: "نام‌برده", role: "سِمَت یا نقش", unnamed: "بی‌نام", document: "سند یا رسانه", author: "نویسنده" };
const STANCES = { neutral: "بی‌طرف", doubting: "با تردید", endorsing: "با تأیید" };
const VERDICTS = { true: "درست", false: "نادرست", misleading: "گمراه‌کننده", unproven: "ثابت‌نشده", other: "دیگر" };
const FLAGS = {
  unnamed_source: ["منبع بی‌نام", "معلوم نیست چه کسی گفته است"],
  share_pressure: ["فشار برای بازنشر", "از خواننده می‌خواهد آن را پخش کند"],
  urgency: ["فوریت و هیجان", "با شتاب و هیجان نوشته شده است"],
  miracle_cure: ["درمان معجزه‌آسا", "وعدهٔ درمانی می‌دهد که هیچ درمانی نمی‌دهد"],
  guaranteed_gain: ["سود تضمینی", "سودی بی‌خطر را وعده می‌دهد"],
  absolute: ["مطلق‌گویی", "بی‌منبع از همه یا هیچ‌کس می‌گوید"],
  doubtful_attribution: ["نقل با تردید", "خود متن گفته را تأیید نمی‌کند"],
  hedged_accusation: ["اتهام سربسته", "کسی را بی‌آن‌که صریح باشد متهم می‌کند"],
  number_without_source: ["عدد بی‌منبع", "عددی آمده و منبعش نیامده است"],
  secrecy: ["پنهان‌کاری", "می‌گوید دیگران این را پنهان می‌کنند"],
  shouting: ["فریاد نوشتاری", "علامت‌ها و شکلک‌های پشت‌سرهم"],
  already_checked: ["پیش‌تر بررسی‌شده", "گفته‌ای بسیار نزدیک به این بررسی شده است"],
};
const PROBLEMS = {
  401: "این سرور رمز می‌خواهد؛ رمز را بنویسید و دوباره بفرستید.",
  408: "فرستادن متن بیش از اندازه طول کشید.",
  413: "متن از اندازه‌ای که این سرور می‌پذیرد بلندتر است.",
  422: "سرور این درخواست را نپذیرفت.",
  429: "درخواست‌های زیادی در راه است؛ کمی بعد دوباره بفرستید.",
  503: "سرور پر است؛ کمی بعد دوباره بفرستید.",
};
const SAMPLE =
  "وی با تأکید بر اینکه باید صرفه‌جویی کنیم، گفت: مصرف برق ۱۲ درصد رشد کرده است.\n" +
  "شنیده‌ها حاکی است قیمت نان از هفتهٔ آینده دو برابر می‌شود. به نظر من این تصمیم عجولانه است. تا پاک نشده برای همه بفرستید!!!";

let shown = null; // { text, spans, marks }: what the result shows
let running = null; // the request under way
let ownAddress = ""; // of the last download, to be given back

const persian = (text) => String(text).replace(/[0-9%]/g, (c) => (c === "%" ? "٪" : "۰۱۲۳۴۵۶۷۸۹"[c]));
const percent = (share) => persian(`${Math.round(share * 100)}%`);

function element(name, content = [], attributes = {}) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...[content].flat());
  return made;
}

const quoted = (text) => element("bdi", text, { dir: "rtl" });

function say(message, detail = "") {
  const status = $("status");
  status.className = detail ? "problem" : "";
  status.replaceChildren(message, ...(detail ? [element("bdi", detail, { dir: "ltr", lang: "en" })] : []));
}

class Problem extends Error {
  constructor(status, detail) {
    super(PROBLEMS[status] ?? "کار انجام نشد.");
    this.detail = detail;
  }
}

async function ask(path, body, signal) {
  const headers = { "content-type": body instanceof Blob ? "application/octet-stream" : "application/json" };
  if ($("token").value) headers.authorization = `Bearer ${$("token").value}`;
  const sent = body instanceof Blob ? body : JSON.stringify(body);
  const answer = await fetch(path, { method: "POST", headers, body: sent, signal });
  if (answer.ok) return answer;
  if (answer.status === 401) {
    $("token-option").hidden = false;
    $("token").focus();
  }
  const detail = await answer.json().then((told) => told.detail, () => answer.statusText);
  throw new Problem(answer.status, `${answer.status}: ${detail}`);
}

/** One thing at a time: a new one ends the one before it. Whatever goes wrong is said, and nothing else is lost. */
async function work(doing, action) {
  running?.abort();
  const mine = (running = new AbortController());
  say(doing);
  try {
    await action(mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return;
    if (error instanceof Problem) say(error.message, error.detail);
    else say("سرور پاسخ نمی‌دهد.", String(error));
  } finally {
    if (running === mine) running = null;
  }
}

const options = () => ({ cues: $("cues").checked, factchecks: $("factchecks").checked });

function analyze() {
  const text = $("text").value;
  if (!text.trim()) {
    say("متنی ننوشته‌اید.");
    $("text").focus();
    return;
  }
  return work("در حال تحلیل…", async (signal) => {
    const asked = { ...options(), text, offsets: "utf-16" };
    const answer = await (await ask("/view", asked, signal)).json();
    show(text, asked, answer);
  });
}

function show(text, asked, { spans, html }) {
  $("result").hidden = false;
  $("marked").innerHTML = html;
  const marks = [...$("marked").querySelectorAll("mark")];
  let next = 0;
  for (const mark of marks) {
    mark.span = mark.matches(".cc-attribution") ? null : spans[next++];
    mark.setAttribute("role", "button");
    mark.setAttribute("aria-label", `${mark.textContent}: ${mark.title}`);
    mark.removeAttribute("title");
    mark.tabIndex = -1;
  }
  if (next !== spans.length) throw new Error("marks and spans differ");
  shown = { text, asked, spans, marks };
  for (const label of Object.keys(LABELS)) {
    const count = spans.filter((span) => span.label === label).length;
    document.querySelector(`[data-count="${label}"]`).textContent = persian(count);
  }
  $("about").replaceChildren(element("p", "بازه‌ای را برگزینید تا درباره‌اش بخوانید.", { class: "quiet" }));
  $("ordered").hidden = true;
  filter();
  const count = persian(spans.length);
  say(spans.length ? `${count} بازه یافت شد.` : "در این متن ادعا، نظر یا فراخوانی یافت نشد.");
  $("result").focus({ preventScroll: true });
  $("result").scrollIntoView({ block: "start" });
}

const least = () => Number($("least").value);
const chosenLabels = () => [...$("labels").querySelectorAll("input:checked")].map((box) => box.value);

/** Draw only what the filters keep; a frame stays while something under it does. */
function filter() {
  $("least-shown").textContent = percent(least());
  if (!shown) return;
  const labels = chosenLabels();
  const kept = (span) => labels.includes(span.label) && span.confidence >= least();
  const ties = new Set();
  for (const mark of shown.marks) if (mark.span && kept(mark.span)) ties.add(mark.dataset.tie);
  for (const mark of shown.marks) {
    const on = mark.span ? kept(mark.span) : ties.has(mark.dataset.tie);
    mark.classList.toggle("off", !on);
    mark.setAttribute("aria-hidden", String(!on));
    if (on) mark.removeAttribute("aria-hidden");
    mark.setAttribute("role", on ? "button" : "none");
  }
  rove(visible()[0]);
}

const visible = () => (shown ? shown.marks.filter((mark) => !mark.classList.contains("off")) : []);

/** One mark can be reached by Tab; the arrows move on from it. */
function rove(to) {
  for (const mark of shown.marks) mark.tabIndex = -1;
  if (to) to.tabIndex = 0;
}

function choose(mark) {
  for (const one of shown.marks) {
    one.classList.toggle("chosen", one === mark);
    one.classList.toggle("tied", one !== mark && Boolean(mark.dataset.tie) && one.dataset.tie === mark.dataset.tie);
  }
  rove(mark);
  $("about").replaceChildren(...(mark.span ? aboutSpan(mark.span) : aboutFrame(mark)));
  if (mark.span && !mark.span.words) explain(mark);
}

/** The words that decided, when a span is looked at: to find them all beforehand would take a second each. */
async function explain(mark) {
  const { text, asked } = shown;
  mark.span.words = []; // asked once
  try {
    const answer = await ask("/explain", { text, start: mark.span.start, offsets: asked.offsets });
    mark.span.words = (await answer.json()).words;
  } catch {
    mark.span.words = null; // asked again when it is looked at again; nothing else hangs on it
  }
  if (mark.classList.contains("chosen")) $("about").replaceChildren(...aboutSpan(mark.span));
}

function aboutSpan(span) {
  const rows = [["اطمینان", [meter(span.confidence), " ", percent(span.confidence)]]];
  if (span.check_worthiness !== null)
    rows.push(["ارزش راستی‌آزمایی", [meter(span.check_worthiness), " ", percent(span.check_worthiness)]]);
  const frame = span.attribution;
  rows.push(["از زبان", frame ? quoted(frame.text) : "نویسنده"]);
  if (frame?.speaker) rows.push(["گوینده", [quoted(frame.speaker.text), ` (${KINDS[frame.kind]})`]]);
  if (frame) rows.push(["لحن نقل", STANCES[frame.stance]]);
  if (span.words?.length) {
    const words = span.words.flatMap((word, i) => [...(i ? ["، "] : []), quoted(word.text)]);
    rows.push(["واژه‌های تعیین‌کننده", words]);
  }
  const parts = [element("h3", LABELS[span.label]), element("p", quoted(span.text)), table(rows)];
  if (span.flags) parts.push(element("h4", "نشانه‌ها"), element("ul", span.flags.map(flagItem)));
  return parts;
}

function aboutFrame(mark) {
  const under = shown.marks.filter((one) => one.span && one.dataset.tie === mark.dataset.tie).map((one) => one.span);
  const frame = under[0]?.attribution;
  const rows = frame?.speaker ? [["گوینده", [quoted(frame.speaker.text), ` (${KINDS[frame.kind]})`]]] : [];
  if (frame) rows.push(["لحن نقل", STANCES[frame.stance]]);
  const said = under.map((span) => element("li", [`${LABELS[span.label]}: `, quoted(span.text)]));
  return [element("h3", "گوینده/نقل"), element("p", quoted(mark.textContent)), table(rows), element("ul", said)];
}

const table = (rows) => element("dl", rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
const meter = (share) => element("meter", [], { value: share, min: 0, max: 1, "aria-hidden": "true" });

function flagItem(flag) {
  const [name, reason] = FLAGS[flag.type] ?? [flag.type, flag.reason];
  const parts = [element("b", name), `: ${reason}`];
  if (flag.evidence) parts.push(" «", quoted(flag.evidence.text), "»");
  const found = flag.factcheck;
  if (found) {
    parts.push(` (${percent(found.similarity)}): «`, quoted(String(found.claim)), `» ${VERDICTS[found.verdict] ?? ""} `);
    if (found.publisher) parts.push(quoted(String(found.publisher)), " ");
    if (/^https?:\/\//.test(found.url ?? ""))
      parts.push(element("a", "متن بررسی", { href: found.url, rel: "noreferrer noopener", target: "_blank" }));
  }
  return element("li", parts);
}

function order() {
  if (!shown) return;
  const { text, asked, marks } = shown;
  return work("در حال مرتب کردن…", async (signal) => {
    const body = { texts: [text], cues: asked.cues, factchecks: asked.factchecks, offsets: "utf-16" };
    const { items } = await (await ask("/triage", body, signal)).json();
    const rows = items.map(({ span, arithmetic }) => {
      const button = element("button", quoted(span.text), { type: "button" });
      button.addEventListener("click", () => {
        const mark = marks.find((one) => one.span?.start === span.start);
        choose(mark);
        mark.focus();
      });
      return element("li", [button, " ", element("bdi", arithmetic, { dir: "ltr", lang: "en" })]);
    });
    $("ordered").replaceChildren(...rows);
    $("ordered").hidden = false;
    say(rows.length ? "ارزش راستی‌آزمایی × (۱ + وزن نشانه‌ها)؛ بالاترین نخست." : "ادعایی نیست.");
    $("ordered").querySelector("button")?.focus();
  });
}

function exported(signal) {
  const kept = { labels: chosenLabels(), min_confidence: least() };
  const asked = { ...shown.asked, ...kept, offsets: "code-points" }; // files are read by other programs than this
  return ask(`/export/${$("kind").value}`, asked, signal);
}

const download = () =>
  work("در حال آماده کردن…", async (signal) => {
    const answer = await exported(signal);
    const name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition"))[1];
    URL.revokeObjectURL(ownAddress);
    ownAddress = URL.createObjectURL(await answer.blob());
    element("a", "", { href: ownAddress, download: name }).click();
    say(`${name} آماده شد.`);
  });

const copy = () =>
  work("در حال آماده کردن…", async (signal) => {
    copyText(await (await exported(signal)).text());
    say("رونوشت گرفته شد.");
  });

/** Also where the page came over plain HTTP from elsewhere, which browsers give no clipboard object. */
function copyText(text) {
  const holder = element("textarea", "", { readonly: "", class: "unseen" });
  holder.value = text;
  document.body.append(holder);
  holder.select();
  document.execCommand("copy");
  holder.remove();
  $("copy").focus();
}

function open(file) {
  const ending = /\.(txt|docx|csv)$/i.exec(file?.name ?? "")?.[1].toLowerCase();
  if (!ending) {
    say("پروندهٔ txt، docx یا csv بدهید.", file ? file.name : "");
    return;
  }
  return work("در حال خواندن پرونده…", async (signal) => {
    const { texts, column } = await (await ask(`/read?kind=${ending}`, file, signal)).json();
    $("text").value = texts.join("\n\n");
    say(column === null ? "پرونده خوانده شد." : `${persian(texts.length)} سطر از ستون «${column}» خوانده شد.`);
    $("text").focus();
  });
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  analyze();
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    analyze();
  }
});
$("sample").addEventListener("click", () => {
  $("text").value = SAMPLE;
  analyze();
});
$("clear").addEventListener("click", () => {
  running?.abort();
  shown = null;
  $("text").value = "";
  $("result").hidden = true;
  $("marked").replaceChildren();
  say("");
  $("text").focus();
});
$("file").addEventListener("change", (event) => {
  open(event.target.files[0]);
  event.target.value = "";
});
for (const [type, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    $("text").classList.toggle("dropping", over);
    if (type === "drop" && event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
    else if (type === "drop" && event.dataTransfer.getData("text")) $("text").value = event.dataTransfer.getData("text");
  });
}
$("labels").addEventListener("change", filter);
$("least").addEventListener("input", filter);
$("order").addEventListener("click", order);
$("download").addEventListener("click", download);
$("copy").addEventListener("click", copy);

const onMark = (event) => {
  const mark = event.target.closest("#marked mark");
  return mark && !mark.classList.contains("off") ? mark : null;
};
$("marked").addEventListener("click", (event) => {
  const mark = onMark(event);
  if (mark) choose(mark);
});
$("marked").addEventListener("keydown", (event) => {
  const mark = onMark(event);
  if (!mark) return;
  const marks = visible();
  const at = marks.indexOf(mark);
  // the text runs from right to left
  const to = { ArrowLeft: at + 1, ArrowDown: at + 1, ArrowRight: at - 1, ArrowUp: at - 1, Home: 0, End: marks.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(mark);
  else if (to === undefined) return;
  else if (marks[to]) {
    choose(marks[to]);
    marks[to].focus();
  }
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && shown) (document.querySelector("mark.chosen") ?? $("text")).focus();
});

fetch("/health")
  .then((answer) => answer.json())
  .then(({ factchecks }) => ($("factchecks-option").hidden = !factchecks), () => {});
