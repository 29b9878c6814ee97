// How a component stands on the page.

/**
 * What Streamlit calls after every rerun of the page: a view, made once for each place by `create(parent)`, is told
 * the page's data with `update(data, tell, keep)`: `tell(name, value)` is an event for the page, `keep` a value; it is
 * ended with `close()` when its place is gone.
 *
 * Streamlit cleans up too after a call that another has overtaken while both waited for the module. By then the
 * view is the later one's: it stays for as long as its place does.
 */
function component(create) {
  const views = new WeakMap();
  return ({ data: [data], parentElement, setTriggerValue, setStateValue }) => {
    let view = views.get(parentElement);
    if (!view) views.set(parentElement, (view = create(parentElement)));
    view.update(data, setTriggerValue, setStateValue);
    return () => {
      if (parentElement.isConnected || !views.delete(parentElement)) return;
      view.close();
    };
  };
}
