// Completes the address of a page that a link has opened without a query, in place.

import { component, wentBack } from "./mounting.js";

class AddressKeeper {
  update(query) {
    if (query && !location.search && !wentBack()) history.replaceState(history.state, "", `${location.pathname}${query}${location.hash}`);
  }

  close() {}
}

export default component(() => new AddressKeeper());
