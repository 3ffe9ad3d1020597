// Asks for what a view consists of, writes it as text, and asks again while somebody looks.

const EVERY = 1500; // milliseconds between two looks
const KEY = "laptop-cloud-console";
const at = (id) => document.getElementById(id);
let shown = ""; // what is on the page, so that nothing is written twice
let formOf = ""; // the address that the form was written for
let next = 0;
let looks = 0;

// The printed address has the token after the #; it is kept for this origin alone and leaves the address bar at once.
function takeToken() {
  const found = /^#token=([0-9a-f]+)$/.exec(location.hash);
  if (found) {
    localStorage.setItem(KEY, found[1]);
    history.replaceState(null, "", "#stacks");
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody has typed it
  }
}

function route() {
  const [path, query = ""] = (location.hash.slice(1) || "stacks").split("?");
  const [section, of = ""] = path.split("/");
  const parameters = new URLSearchParams(query);
  if (of) parameters.set("of", decoded(of));
  return { section, parameters };
}

function make(name, text, className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function cell(value, name) {
  if (typeof value !== "object") return make(name, String(value));
  const { text, tone, go, code } = value;
  const element = document.createElement(name);
  if (go) {
    const link = make("a", text);
    link.href = `#${go}`;
    element.append(link);
  } else if (tone && text) {
    element.append(make("span", text, `tone ${tone}`));
  } else {
    element.textContent = text;
    if (code) element.className = "code";
  }
  return element;
}

function table({ title, columns, rows }) {
  const element = document.createElement("table");
  element.setAttribute("aria-label", title);
  const head = element.createTHead().insertRow();
  for (const column of columns) {
    const th = make("th", column);
    th.scope = "col";
    head.append(th);
  }
  const body = element.createTBody();
  for (const row of rows) body.insertRow().append(...row.map((value) => cell(value, "td")));
  const wide = document.createElement("div");
  wide.className = "wide";
  wide.tabIndex = 0;
  wide.setAttribute("role", "region");
  wide.setAttribute("aria-label", title);
  wide.append(element);
  return wide;
}

function block(each) {
  const section = document.createElement("section");
  section.append(make("h2", each.title));
  if (each.tone !== undefined) {
    section.append(make("p", each.note, `verdict ${each.tone}`));
    return section;
  }
  if (each.note) section.append(make("p", each.note, "quiet"));
  section.append(each.rows.length ? table(each) : make("p", "None.", "quiet"));
  return section;
}

function writeForm(each) {
  const form = at("form");
  form.hidden = !each;
  if (!each) {
    form.replaceChildren();
    return;
  }
  const fields = each.form.map(({ name, label, value, suggestions }) => {
    const element = make("label", label);
    const input = document.createElement("input");
    Object.assign(input, { name, value, autocomplete: "off", spellcheck: false });
    element.append(input);
    if (suggestions.length) {
      const list = document.createElement("datalist");
      list.id = `of-${name}`;
      list.append(...suggestions.map((text) => Object.assign(document.createElement("option"), { value: text })));
      input.setAttribute("list", list.id);
      element.append(list);
    }
    return element;
  });
  form.replaceChildren(...fields, make("button", each.button));
  form.onsubmit = (event) => {
    event.preventDefault();
    location.hash = `${each.go}?${new URLSearchParams(new FormData(form))}`;
  };
}

function write(text, address) {
  const { blocks } = JSON.parse(text);
  if (formOf !== address) {
    formOf = address;
    writeForm(blocks.find((each) => each.form));
  }
  if (shown === address + text) return;
  shown = address + text;
  at("content").replaceChildren(...blocks.filter((each) => !each.form).map(block));
}

async function look() {
  clearTimeout(next);
  const mine = (looks += 1);
  const { section, parameters } = route();
  const address = location.hash;
  try {
    const headers = { Authorization: `Bearer ${localStorage.getItem(KEY) ?? ""}` };
    const reply = await fetch(`/console/data/${encodeURIComponent(section)}?${parameters}`, { headers });
    const text = await reply.text();
    if (mine !== looks) return; // somebody has gone to another view meanwhile
    at("message").textContent = reply.ok ? "" : JSON.parse(text).message;
    if (reply.ok) write(text, address);
    else if (reply.status === 403) at("content").replaceChildren();
    if (reply.ok) at("clock").textContent = new Date().toLocaleTimeString();
  } catch {
    if (mine === looks) at("message").textContent = "The laptop cloud does not answer. Does `make local` still run?";
  }
  if (mine === looks && !document.hidden) next = setTimeout(look, EVERY);
}

function go() {
  takeToken();
  const { section, parameters } = route();
  at("title").textContent = "Console";
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.hash === `#${section}`;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (here) at("title").textContent = parameters.get("of") ? `${link.textContent}: ${parameters.get("of")}` : link.textContent;
  }
  document.title = `${at("title").textContent} · laptop cloud`;
  at("content").replaceChildren();
  shown = "";
  look();
}

addEventListener("hashchange", go);
document.addEventListener("visibilitychange", () => document.hidden || look());
go();
