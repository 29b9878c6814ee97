const buttons = new WeakMap();

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no clipboard on a plain-HTTP address: the old way
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

export default function ({ data: [data], parentElement }) {
  let button = buttons.get(parentElement);
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "gs-copy";
    button.dataset.testid = "copy-link";
    parentElement.append(button);
    buttons.set(parentElement, button);
  }
  const link = new URL(location.pathname, location.origin);
  for (const [name, value] of Object.entries(data.query)) link.searchParams.set(name, value);
  button.textContent = data.label;
  button.title = link.href;
  button.onclick = async () => {
    await copy(link.href);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = data.label; }, 1600);
  };
  return () => { button.remove(); buttons.delete(parentElement); };
}
