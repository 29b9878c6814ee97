// How a component stands on the page.

const LEAVING_MS = 5000, ANSWERED_MS = 500, LOOK_AGAIN_MS = 100;
const MOUNTED = Symbol.for("the view of a place");
let leftAt = -Infinity, backAt = -Infinity;
document.addEventListener("click", (event) => { if (event.target instanceof Element && event.target.closest("a[href]")) leftAt = performance.now(); }, true);
window.addEventListener("popstate", () => { leftAt = backAt = performance.now(); }, true);

/** Whether the browser has just gone back or forward: the page is about to be drawn for another address. */
export const wentBack = () => performance.now() - backAt < LEAVING_MS;

/**
 * What Streamlit calls after every rerun of the page: a view, made once for each place by `create(parent)`, is told
 * the page's data with `update(data, tell, keep)`: `tell(name, value)` is an event for the page, `keep` a value; it is
 * ended with `close()` when its place is gone.
 *
 * Streamlit cleans up too after a call that another has overtaken while both waited for the module. By then the
 * view is the later one's: it stays for as long as its place does.
 *
 * "moved" and "looking" are the view's own; every other event is a press. Streamlit does only the newest of the reruns
 * that wait, and of one component's events only that one's: what came after a press at a link, or after a press in the
 * component itself, would undo it. So the view's own wait until the page has had the time to go, or has answered.
 */
export function component(create) {
  const mounted = ({ data: [data], parentElement, setTriggerValue, setStateValue }) => {
    let at = parentElement[MOUNTED];
    if (at?.mounted !== mounted) { // none yet, or that of a module from before an upgrade of the server
      clearTimeout(at?.timer);
      at?.view.close();
      at = parentElement[MOUNTED] = { mounted, view: create(parentElement), quietUntil: -Infinity, waiting: new Map() };
    }
    const tell = (name, value) => {
      if (name !== "moved" && name !== "looking") {
        at.quietUntil = performance.now() + LEAVING_MS;
        return setTriggerValue(name, value);
      }
      at.waiting.set(name, value);
      const send = () => {
        const wait = Math.max(leftAt + LEAVING_MS, at.quietUntil) - performance.now();
        if (wait > 0) at.timer = setTimeout(send, Math.min(wait, LOOK_AGAIN_MS));
        else if (parentElement.isConnected) for (const [name, value] of at.waiting) setTriggerValue(name, value);
        if (wait <= 0) at.waiting.clear();
      };
      clearTimeout(at.timer);
      send();
    };
    at.quietUntil = Math.min(at.quietUntil, performance.now() + ANSWERED_MS); // this call may be the answer to it
    at.view.update(data, tell, setStateValue);
    return () => {
      if (parentElement.isConnected || parentElement[MOUNTED] !== at) return;
      delete parentElement[MOUNTED];
      at.view.close();
    };
  };
  return mounted;
}
