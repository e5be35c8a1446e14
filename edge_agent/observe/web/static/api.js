// All that goes over the network. Paths are relative: the page may lie under a path of a proxy.

export class Api {
  // `onLink(connected)` hears when live values come, and when they stop.
  constructor(session, onLink) {
    this.session = session;
    this.onLink = onLink;
  }

  static async session() {
    return answer(await fetch("api/session"));
  }

  // `await api.get("history", { channel, since })`; null and undefined are left out.
  async get(path, parameters = {}) {
    return answer(await fetch(this.url(path, parameters)));
  }

  async post(path, body = {}) {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": this.session.csrf };
    return answer(await fetch(`api/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
  }

  // For a download as well: `link.href = api.url("export", { channel, format: "csv" })`.
  url(path, parameters = {}) {
    const given = Object.entries(parameters).filter(([, value]) => value != null);
    const query = new URLSearchParams(given).toString();
    return `api/${path}${query ? `?${query}` : ""}`;
  }

  // Calls `take(value)` for each event, and again from the first after a lost connection. Returns
  // a function that ends it.
  stream(path, take) {
    let source = null;
    let timer = null;
    let wait = 500;
    const open = () => {
      source = new EventSource(`api/${path}`);
      source.onopen = () => {
        wait = 500;
        this.onLink(true);
      };
      source.onmessage = (event) => take(JSON.parse(event.data));
      source.onerror = () => {
        source.close();
        this.onLink(false);
        timer = setTimeout(open, wait);
        wait = Math.min(wait * 2, 15000);
      };
    };
    // A page that waits to be gone back to would hold one of the few connections of a browser.
    const leave = () => {
      clearTimeout(timer);
      source.close();
    };
    const come = (event) => event.persisted && open();
    window.addEventListener("pagehide", leave);
    window.addEventListener("pageshow", come);
    open();
    return () => {
      window.removeEventListener("pagehide", leave);
      window.removeEventListener("pageshow", come);
      leave();
    };
  }
}

async function answer(response) {
  if (response.status === 401) location.replace("login");
  const value = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(value.error || `The agent answered ${response.status}.`);
  return value;
}
