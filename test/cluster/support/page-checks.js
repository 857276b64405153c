// Runs in the browser: what is wrong with the page for those who see little, or see it in another way. Its value is the list of faults.
(() => {
  const faults = [];

  /** @param {string} text `rgb(1, 2, 3)` or `rgba(1, 2, 3, 0.5)` */
  const parse = (text) => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return { red, green, blue, alpha };
  };
  const over = (top, below) => {
    const mix = (a, b) => a * top.alpha + b * (1 - top.alpha);
    return {
      red: mix(top.red, below.red),
      green: mix(top.green, below.green),
      blue: mix(top.blue, below.blue),
      alpha: 1,
    };
  };
  const groundOf = (element) => {
    if (!element) return parse(matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(0,0,0)' : 'rgb(255,255,255)');
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own : over(own, groundOf(element.parentElement));
  };
  // Relative luminance and contrast as WCAG 2 defines them.
  const luminance = ({ red, green, blue }) => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((one, other) => other - one);
    return (light + 0.05) / (dark + 0.05);
  };

  let looked = 0;
  for (const element of document.body.querySelectorAll('*')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (text.length === 0 || element.getClientRects().length === 0 || element.closest('noscript')) continue;
    looked += 1;
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const ratio = contrast(over(parse(style.color), ground), ground);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${element.outerHTML.slice(0, 120)}`);
  }
  if (looked < 30) faults.push(`only ${looked} texts were found`);

  if (!document.documentElement.lang) faults.push('no language');
  if (!document.title) faults.push('no title');
  if (document.querySelectorAll('main').length !== 1) faults.push('not one main');
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) faults.push(`a heading is left out before ${heading.outerHTML.slice(0, 80)}`);
    level = own;
  }
  for (const image of document.images) if (!image.hasAttribute('alt')) faults.push(`no alt: ${image.src}`);
  for (const input of document.querySelectorAll('input, select, textarea')) {
    if (input.labels.length === 0 && !input.hasAttribute('aria-label')) faults.push(`no label: ${input.id}`);
  }
  for (const table of document.querySelectorAll('table')) {
    const heads = [...table.querySelectorAll('th')];
    if (heads.length === 0 || heads.some((head) => head.scope === '')) faults.push('a table without heads');
    if (!table.getAttribute('aria-label')) faults.push('a table without a name');
    for (const [tag, role] of [
      ['table', 'table'],
      ['tr', 'row'],
      ['td', 'cell'],
      ['th', 'columnheader'],
    ]) {
      for (const part of table.parentElement.querySelectorAll(tag)) {
        if (part.getAttribute('role') !== role) faults.push(`${tag} is no ${role}`);
      }
    }
  }
  for (const button of document.querySelectorAll('button, a, summary')) {
    if (!button.textContent.trim() && !button.getAttribute('aria-label')) faults.push(`no name: ${button.outerHTML}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`twice: ${id}`);
  for (const element of document.querySelectorAll('[tabindex]')) {
    if (element.tabIndex > 0) faults.push(`an order of its own: ${element.outerHTML.slice(0, 80)}`);
  }
  return faults;
})();
