import { element } from "./dom.js";

export async function open(main, api) {
  main.append(element("h2", {}, "History"));
  return () => {};
}
