// How values are written for people; preview/numbers.py does the same, and a test holds the two together.
const SPACE = '\u00a0';
const MINUS = '\u2212';
const NOTHING = '—';
const STEADY = 6; // sums of the same money in another order differ behind this digit
const FORMS = {
  rub: [0, '₽'], rub2: [2, '₽'], int: [0, ''], pct: [1, '%'], pct2: [2, '%'], ratio: [2, ''],
  days: [0, 'дн.'], hours: [1, 'ч'],
};

function isNumeric(form) {
  return form in FORMS;
}

// Grouped by three, comma for the point, halves away from zero; in whole numbers, because 1.005 is not 1.005.
function number(value, digits) {
  const factor = 10n ** BigInt(STEADY - digits);
  const units = (BigInt(Math.abs(value).toFixed(STEADY).replace('.', '')) + factor / 2n) / factor;
  const text = units.toString().padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, SPACE);
  const written = digits ? `${whole},${text.slice(-digits)}` : whole;
  return value < 0 && units > 0n ? MINUS + written : written;
}

function format(value, form) {
  if (value === null || value === undefined || value === '') return NOTHING;
  if (form === 'date' || form === 'datetime') return moment(value);
  if (!isNumeric(form) || typeof value !== 'number') return String(value);
  const [digits, unit] = FORMS[form];
  return unit ? number(value, digits) + SPACE + unit : number(value, digits);
}

// '2026-11-22 13:55:00' to '22.11.2026 13:55'.
function moment(text) {
  const [day, time] = text.split(' ');
  const written = day.split('-').reverse().join('.');
  return time ? `${written} ${time.slice(0, 5)}` : written;
}

// For axes: 1 234 567 is «1,2 млн».
function short(value, form) {
  const [, unit] = FORMS[form] ?? [0, ''];
  const size = Math.abs(value);
  const [scale, word] = size >= 1e6 ? [1e6, 'млн'] : size >= 1e4 ? [1e3, 'тыс.'] : [1, ''];
  const scaled = value / scale;
  const digits = Number.isInteger(Math.round(scaled * 10) / 10) ? 0 : 1;
  return [number(scaled, digits), word, unit].filter(Boolean).join(SPACE);
}
