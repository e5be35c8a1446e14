import { Api } from "./api.js";
import { element } from "./dom.js";

const VIEWS = { now: "Now", history: "History", "what-if": "What if", trust: "Trust" };

const nav = document.querySelector("nav");
const main = document.getElementById("main");
const link = document.getElementById("link");
const showLink = (connected) => {
  link.textContent = connected ? "" : "Not connected. Trying again…";
};
const session = await begin();
const api = new Api(session, showLink);
const views = session.views || VIEWS; // those of a fleet are others
let close = () => {};

async function begin() {
  for (;;) {
    try {
      const found = await Api.session();
      showLink(true);
      return found;
    } catch {
      showLink(false);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

async function show() {
  const [first] = Object.keys(views);
  const name = location.hash.replace(/^#\//, "").split("?")[0] || first;
  if (!(name in views)) {
    location.replace(`#/${first}`);
    return;
  }
  close();
  close = () => {};
  for (const anchor of nav.children) {
    if (anchor.hash === `#/${name}`) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  document.title = `${views[name]} · ${session.node}`;
  const host = element("div"); // its own: a view that opens late does not write into the next one
  main.replaceChildren(host);
  main.dataset.view = name;
  try {
    const view = await import(`./${name}.js`);
    const end = host.isConnected && (await view.open(host, api));
    if (host.isConnected) close = end || close;
    else if (end) end();
  } catch (error) {
    host.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
  }
}

for (const [name, title] of Object.entries(views)) {
  nav.append(element("a", { href: `#/${name}` }, title));
}
document.getElementById("node").textContent = session.node;
const logout = document.getElementById("logout");
logout.hidden = !session.login;
logout.addEventListener("click", async () => {
  await api.post("logout");
  location.replace("login");
});
window.addEventListener("hashchange", () => {
  show();
  main.focus();
});
show();
