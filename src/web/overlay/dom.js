// SPDX-License-Identifier: Apache-2.0
//
// Builds and fills elements. What others have written goes in as text and never as markup.

const SVG = 'http://www.w3.org/2000/svg';

function append(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  children.filter((child) => child !== null).forEach((child) => element.appendChild(child));
  return element;
}

export function make(tag, attributes = {}, ...children) {
  return append(document.createElement(tag), attributes, children);
}

const ICONS = {
  basket: 'M5 9h14l-1.4 10.5H6.4zM8.5 9a3.5 5 0 0 1 7 0M9.5 13v3m5-3v3',
  close: 'M7 7l10 10m0-10l-10 10',
  clock: 'M12 4.5a7.5 7.5 0 1 0 .01 0M12 8v4.5l3 2',
  none: 'M12 3.5l8.5 8.5-8.5 8.5L3.5 12zM12 8l4 4-4 4-4-4z',
};

export function makeIcon(name) {
  return makeDrawing(ICONS[name]);
}

export function makeDrawing(d) {
  const path = append(document.createElementNS(SVG, 'path'), { d }, []);
  return append(document.createElementNS(SVG, 'svg'),
    { viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, [path]);
}

// Writing the same text again would make screen readers say it again.
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

// Shows the text, or hides the element where there is none.
export function setLine(element, text) {
  setText(element, text || '');
  element.hidden = !text;
}

export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) {
      element.removeAttribute(name);
    } else if (element.getAttribute(name) !== value) {
      element.setAttribute(name, value);
    }
  }
}
