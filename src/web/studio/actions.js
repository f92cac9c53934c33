// SPDX-License-Identifier: Apache-2.0
//
// What a helper can do: as a request to the server, and as what the page shows until the server
// has said so.
//
//   { type: "put", product }          a new product, or one put back
//   { type: "patch", sku, changes }   null unsets a member
//   { type: "stock", sku, delta }
//   { type: "delete", sku }
//   { type: "pin", sku, flashPrice, flashMs }
//   { type: "unpin" }

export const skuOf = ({ sku, product }) => (product ? product.sku : sku || null);

// What must be done in the order in which it was asked for: everything of one product, and what is
// pinned.
export function lanesOf(action) {
  const { type } = action;
  return [
    ...(type === 'pin' || type === 'unpin' ? ['card'] : []),
    ...(skuOf(action) ? [`product:${skuOf(action)}`] : []),
  ];
}

const shelfPath = (sku) => `shelf/${encodeURIComponent(sku)}`;

// A flash price begins to run when it is sent, not while it waits for a network.
function describePin({ sku, flashPrice, flashMs }, nowMs) {
  return {
    sku,
    ...(flashPrice === undefined ? {} : { flash_price: flashPrice }),
    ...(flashMs === undefined ? {} : { ends_at: new Date(nowMs + flashMs).toISOString() }),
  };
}

// { method, path, body }. `image` is the path of the picture that belongs to it, once uploaded;
// `nowMs` is by the server's clock.
export function requestOf(action, image, nowMs) {
  const { type, sku, product, changes, delta } = action;
  const picture = image ? { image } : {};
  switch (type) {
    case 'put':
      return { method: 'PUT', path: shelfPath(product.sku), body: { ...product, ...picture } };
    case 'patch':
      return { method: 'PATCH', path: shelfPath(sku), body: { ...changes, ...picture } };
    case 'stock':
      return { method: 'PATCH', path: shelfPath(sku), body: { stock_delta: delta } };
    case 'delete':
      return { method: 'DELETE', path: shelfPath(sku), body: null };
    case 'pin':
      return { method: 'PUT', path: 'card', body: describePin(action, nowMs) };
    default:
      return { method: 'DELETE', path: 'card', body: null };
  }
}

function change(product, changes) {
  const changed = { ...product, ...changes };
  Object.keys(changed).filter((key) => changed[key] === null || changed[key] === false)
    .forEach((key) => delete changed[key]);
  return changed;
}

function replace(shelf, sku, make) {
  return shelf.map((product) => (product.sku === sku ? make(product) : product));
}

function applyToShelf(shelf, { type, sku, product, changes, delta }, picture) {
  switch (type) {
    case 'put':
      return [...shelf.filter((other) => other.sku !== product.sku),
        change({ currency: 'VND', sold: 0, ...product }, picture)];
    case 'patch':
      return replace(shelf, sku, (old) => change(old, { ...changes, ...picture }));
    case 'stock':
      return replace(shelf, sku, (old) => ('stock' in old
        ? { ...old, stock: Math.max(0, old.stock + delta) } : old));
    case 'delete':
      return shelf.filter((old) => old.sku !== sku);
    default:
      return shelf;
  }
}

function applyToCard(card, shelf, action, nowMs) {
  if (action.type === 'pin') {
    const product = shelf.find(({ sku }) => sku === action.sku);
    return product ? { ...product, ...describePin(action, nowMs) } : card;
  }
  const isGone = card && !shelf.some(({ sku, hidden }) => sku === card.sku && !hidden);
  return action.type === 'unpin' || isGone ? null : card;
}

// { shelf, card } after it. `picture` is { image } as the page can show it already, or {}.
export function applyAction({ shelf, card }, action, picture, nowMs) {
  const changed = applyToShelf(shelf, action, picture);
  return { shelf: changed, card: applyToCard(card, changed, action, nowMs) };
}

const isSameKind = (a, b, type) => a.type === type && b.type === type && a.sku === b.sku;

// One action in place of two that nobody has sent yet; null: they stay two. An empty list: they
// undo each other.
export function mergeActions(first, second) {
  if (isSameKind(first, second, 'stock')) {
    const delta = first.delta + second.delta;
    return delta === 0 ? [] : [{ ...first, delta }];
  }
  if (isSameKind(first, second, 'patch')) {
    return [{ ...first, changes: { ...first.changes, ...second.changes } }];
  }
  return null;
}
