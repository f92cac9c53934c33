// SPDX-License-Identifier: Apache-2.0
//
// Why the server has refused something, as a key of what the page can say. Its own words are for
// people who write programs.

const BY_MEMBER = {
  title: 'faultTitle',
  price: 'faultPrice',
  original_price: 'faultPrice',
  unit: 'faultUnit',
  stock: 'faultStock',
  stock_delta: 'faultStock',
  image: 'faultPicture',
  flash_price: 'faultFlash',
  ends_at: 'faultFlash',
};

const BY_STATUS = {
  404: 'faultGone',
  409: 'faultConflict',
  412: 'faultChanged',
  413: 'faultPicture',
  415: 'faultPicture',
};

// `/sku` is at fault where the product to be pinned is hidden.
export function explainFault(status, problem) {
  const errors = problem && Array.isArray(problem.errors) ? problem.errors : [];
  const members = errors.map(({ pointer }) => String(pointer || '').split('/')[1] || '');
  if (status === 409 && members.includes('sku')) {
    return 'faultHidden';
  }
  if (status === 409 && members.includes('stock_delta')) {
    return 'faultLeft';
  }
  const known = members.find((member) => Object.keys(BY_MEMBER).includes(member));
  return known ? BY_MEMBER[known] : BY_STATUS[status] || 'faultOther';
}
