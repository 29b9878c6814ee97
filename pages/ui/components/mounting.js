// How a component stands on the page.

const LEAVING_MS = 5000;
let leftAt = -Infinity, backAt = -Infinity;
document.addEventListener("click", (event) => { if (event.target.closest?.("a[href]")) leftAt = performance.now(); }, true);
window.addEventListener("popstate", () => { leftAt = backAt = performance.now(); }, true);

/** Whether the browser has just gone back or forward: the page is about to be drawn for another address. */
const wentBack = () => performance.now() - backAt < LEAVING_MS;

/**
 * What Streamlit calls after every rerun of the page: a view, made once for each place by `create(parent)`, is told
 * the page's data with `update(data, tell, keep)`: `tell(name, value)` is an event for the page, `keep` a value; it is
 * ended with `close()` when its place is gone.
 *
 * Streamlit cleans up too after a call that another has overtaken while both waited for the module. By then the
 * view is the later one's: it stays for as long as its place does.
 *
 * "moved" asks for a rerun of this page, and Streamlit does only the newest of the reruns that wait: one that came
 * after a press at a link would undo the press. It waits until the page has had the time to go.
 */
function component(create) {
  const views = new WeakMap();
  return ({ data: [data], parentElement, setTriggerValue, setStateValue }) => {
    let view = views.get(parentElement);
    if (!view) views.set(parentElement, (view = create(parentElement)));
    const tell = (name, value) => {
      const wait = name === "moved" ? leftAt + LEAVING_MS - performance.now() : 0;
      if (wait > 0) setTimeout(() => { if (parentElement.isConnected) tell(name, value); }, wait);
      else setTriggerValue(name, value);
    };
    view.update(data, tell, setStateValue);
    return () => {
      if (parentElement.isConnected || !views.delete(parentElement)) return;
      view.close();
    };
  };
}
