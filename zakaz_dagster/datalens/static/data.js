// Rows of the views, filtered, grouped and computed as ClickHouse does it: NULL stays NULL, x / 0 is NULL.
const DAY = 86400000;

function addDays(day, count) {
  return new Date(Date.parse(day) + count * DAY).toISOString().slice(0, 10);
}

function truncated(day, unit) {
  if (day === null) return null;
  if (unit === 'month') return `${day.slice(0, 7)}-01`;
  return addDays(day, -((new Date(Date.parse(day)).getUTCDay() + 6) % 7));
}

// A dimension's value for each row, as an index into `values`; null is -1.
function dimension(dataset, field) {
  const [kind, inner, unit] = field.value;
  if (kind === 'name') return dataset.dimensions[inner];
  const { values, rows } = dataset.dimensions[inner[1]];
  const starts = values.map((value) => truncated(value, unit[1]));
  const distinct = [...new Set(starts)];
  const moved = starts.map((value) => distinct.indexOf(value));
  return { values: distinct, rows: rows.map((code) => (code < 0 ? -1 : moved[code])) };
}

// The numbers of the rows that the selection and the chart's own condition leave.
function chosenRows(dataset, where, state) {
  const tests = Object.entries(where).map(([name, wanted]) => among(dataset, name, wanted));
  for (const [name, wanted] of Object.entries(state.choices)) {
    if (wanted.length && name in dataset.dimensions) tests.push(among(dataset, name, wanted));
  }
  if (dataset.date) {
    const { values, rows } = dataset.dimensions[dataset.date];
    const inside = values.map((day) => day >= state.first && day <= state.last);
    tests.push((row) => inside[rows[row]] === true);
  }
  const found = [];
  for (let row = 0; row < dataset.rows; row += 1) if (tests.every((test) => test(row))) found.push(row);
  return found;
}

function among(dataset, name, wanted) {
  const { values, rows } = dataset.dimensions[name];
  const inside = values.map((value) => wanted.includes(value));
  return (row) => inside[rows[row]] === true;
}

function folded(values, rows, step) {
  let result = null;
  for (const row of rows) if (values[row] !== null) result = result === null ? values[row] : step(result, values[row]);
  return result;
}

const FOLDS = { sum: (a, b) => a + b, min: (a, b) => (b < a ? b : a), max: (a, b) => (b > a ? b : a) };
const SIGNS = {
  '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => (b === 0 ? null : a / b),
  '>': (a, b) => a > b, '>=': (a, b) => a >= b, '<': (a, b) => a < b, '<=': (a, b) => a <= b,
  '=': (a, b) => a === b, '!=': (a, b) => a !== b,
};

function evaluate(node, dataset, rows) {
  const [kind, ...parts] = node;
  if (kind === 'number' || kind === 'text') return parts[0];
  if (kind === 'null') return null;
  if (kind in FOLDS) return folded(dataset.values[`${kind}_${parts[0]}`], rows, FOLDS[kind]);
  if (kind === 'if') return evaluate(evaluate(parts[0], dataset, rows) === true ? parts[1] : parts[2], dataset, rows);
  const left = evaluate(parts[0], dataset, rows);
  if (kind === 'round') return left === null ? null : Number(left.toFixed(parts[1][1]));
  const right = evaluate(parts[1], dataset, rows);
  return left === null || right === null ? null : SIGNS[kind](left, right);
}

// {rows, all, total}: what the chart shows for the state, out of all; total is null when there is no data.
function answer(chart, dataset, state) {
  const rows = chosenRows(dataset, chart.where, state);
  const total = rows.length && (chart.totals || !chart.dimensions.length) ? measured(chart, dataset, rows) : null;
  const all = chart.dimensions.length ? [...grouped(chart, dataset, rows)].sort(order(chart)) : [];
  return { rows: all.slice(0, chart.limit), all, total };
}

function measured(chart, dataset, rows) {
  return Object.fromEntries(chart.measures.map((field) => [field.name, evaluate(field.value, dataset, rows)]));
}

function* grouped(chart, dataset, rows) {
  const dimensions = chart.dimensions.map((field) => dimension(dataset, field));
  const groups = new Map();
  for (const row of rows) {
    const key = dimensions.map((found) => found.rows[row]).join(' ');
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  for (const members of groups.values()) {
    const values = dimensions.map((found) => (found.rows[members[0]] < 0 ? null : found.values[found.rows[members[0]]]));
    const named = Object.fromEntries(chart.dimensions.map((field, at) => [field.name, values[at]]));
    yield { ...named, ...measured(chart, dataset, members) };
  }
}

function order(chart) {
  const name = chart.sort.replace('-', '');
  return sorted(chart, name, chart.sort.startsWith('-') ? -1 : 1);
}

// Rows that belong to nothing come last, then nothing itself, in either direction; ties go by the dimensions.
function sorted(chart, name, direction) {
  const keys = chart.dimensions.map((field) => [field.name, 1]);
  if (name) keys.unshift([name, direction]);
  return (a, b) => {
    const apart = isUnassigned(chart, a) - isUnassigned(chart, b);
    if (apart && name) return apart;
    for (const [key, sign] of keys) {
      const [left, right] = [steady(a[key]), steady(b[key])];
      if (left === right) continue;
      if (left === null || right === null) return left === null ? 1 : -1;
      return (left < right ? -1 : 1) * sign;
    }
    return 0;
  };
}

function isUnassigned(chart, row) {
  return chart.dimensions.some((field) => page.unassigned.includes(row[field.name]));
}

function steady(value) {
  return typeof value === 'number' ? Number(value.toFixed(STEADY)) : value;
}
