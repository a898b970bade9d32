// ECharts options. No animation, so that a picture taken at once is whole; SVG, so that its text is text.
const SPARE = ['#3566c8', '#e8883a', '#0f9d8a', '#7a4bc2', '#c2554b', '#8a8f98'];
const FAMILY = getComputedStyle(document.body).fontFamily; // by name: 'inherit' cannot be measured, and labels would be cut
let [INK, FAINT, MUTED, AXIS, FONT] = [];
const drawings = new Map();

function drawPlot(chart, card, found, state, dataset) {
  const place = card.querySelector('.plot');
  const isEmpty = chart.dimensions.length ? !found.rows.length : !found.total;
  place.hidden = isEmpty;
  if (isEmpty) return;
  // A bar and its label need this much, or they stand on each other.
  if (chart.type === 'bar') place.style.minHeight = `${Math.max(300, 40 + found.rows.length * (8 + 17 * chart.columns.length))}px`;
  takeColours();
  place.setAttribute('aria-label', inWords(chart, found));
  if (!drawings.has(chart.key)) drawings.set(chart.key, echarts.init(place, null, { renderer: 'svg' }));
  const drawing = drawings.get(chart.key);
  drawing.resize();
  drawing.setOption(option(chart, found, state, dataset), true);
}

// The page's own colours, which are others in the dark.
function takeColours() {
  const style = getComputedStyle(document.documentElement);
  [INK, FAINT, MUTED, AXIS] = ['--ink', '--faint', '--muted', '--axis'].map((name) => style.getPropertyValue(name).trim());
  FONT = { fontFamily: FAMILY, fontSize: 12, color: INK };
}

// What the picture shows, for those who do not see it.
function inWords(chart, found) {
  const { title } = document.querySelector(`[data-chart="${chart.key}"]`).dataset;
  if (chart.type === 'steps') {
    const told = steps(chart, found.total).map((step) => `${step.title}: ${format(step.value, step.format)}`);
    return `${title}. ${told.join('; ')}. Те же числа в таблице под графиком`;
  }
  const [x] = chart.dimensions;
  const told = chart.measures.filter((measure) => found.rows.some((row) => row[measure.name] !== null)).map((measure) => {
    const rows = found.rows.filter((row) => row[measure.name] !== null);
    const at = (row) => `${format(row[measure.name], measure.format)} (${format(row[x.name], x.format)})`;
    const [least, most] = [-1, 1].map((sign) => rows.reduce((a, b) => ((b[measure.name] - a[measure.name]) * sign > 0 ? b : a)));
    return `${measure.title}: больше всего ${at(most)}, меньше всего ${at(least)}`;
  });
  return `${title}. ${x.title}: ${found.rows.length}. ${told.join('; ')}. Те же числа в таблице под графиком`;
}

function option(chart, found, state, dataset) {
  const base = { animation: false, textStyle: { fontFamily: FAMILY }, tooltip: tooltip(chart) };
  if (chart.type === 'steps') return { ...base, ...stepOption(chart, found.total) };
  if (chart.type === 'bar') return { ...base, ...barOption(chart, found.rows) };
  return { ...base, ...columnOption(chart, filled(chart, found.rows, state, dataset)) };
}

function colour(chart, name) {
  const places = [...chart.columns, ...chart.lines, ...chart.right];
  return page.colours[name] ?? SPARE[places.indexOf(name) % SPARE.length];
}

function tooltip(chart) {
  const names = Object.fromEntries(chart.measures.map((found) => [found.title, found.format]));
  return {
    trigger: 'axis',
    renderMode: 'richText', // drawn, not HTML: names of campaigns come from outside
    textStyle: { color: '#1f2430' },
    backgroundColor: '#fff',
    axisPointer: { type: 'shadow', shadowStyle: { color: 'rgba(53, 102, 200, 0.07)' } },
    formatter: (points) => [
      points[0].axisValueLabel,
      ...points.map((point) => `${point.seriesName}: ${format(raw(point.value), names[point.seriesName])}`),
    ].join('\n'),
  };
}

function raw(value) {
  return value === undefined || value === '-' ? null : value;
}

function legend(count) {
  return { show: count > 1, top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: FONT };
}

function valueAxis(form, extra) {
  return {
    type: 'value',
    axisLabel: { ...FONT, color: MUTED, formatter: (value) => short(value, form) },
    splitLine: { lineStyle: { color: FAINT } },
    splitNumber: 4,
    ...extra,
  };
}

function columnOption(chart, rows) {
  const [x] = chart.dimensions;
  const left = field(chart, chart.columns[0]);
  const right = chart.right.length ? field(chart, chart.right[0]) : null;
  const series = (name, type, axis) => ({
    name: field(chart, name).title, type, yAxisIndex: axis, color: colour(chart, name), data: rows.map((row) => row[name] ?? '-'),
    barMaxWidth: 42, barGap: '8%', symbolSize: 5, showSymbol: rows.length < 45, lineStyle: { width: 2 },
    connectNulls: false, z: type === 'line' ? 3 : 2, itemStyle: { borderRadius: type === 'bar' ? [2, 2, 0, 0] : 0 },
  });
  const main = chart.type === 'line' ? 'line' : 'bar';
  return {
    legend: legend(chart.columns.length + chart.lines.length + chart.right.length),
    grid: { left: 8, right: right ? 8 : 16, top: 36, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      data: rows.map((row) => format(row[x.name], x.format)),
      axisLabel: { ...FONT, color: MUTED, hideOverlap: true, formatter: (text) => (x.format === 'date' ? text.slice(0, 5) : text) },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: AXIS } },
    },
    yAxis: [valueAxis(left.format), ...(right ? [valueAxis(right.format, { splitLine: { show: false } })] : [])],
    series: [
      ...chart.columns.map((name) => series(name, main, 0)),
      ...chart.lines.map((name) => series(name, 'line', 0)),
      ...chart.right.map((name) => series(name, 'line', 1)),
    ],
  };
}

function barOption(chart, rows) {
  const [x] = chart.dimensions;
  const shared = field(chart, chart.columns[0]);
  return {
    legend: legend(chart.columns.length),
    grid: { left: 4, right: 84, top: chart.columns.length > 1 ? 32 : 4, bottom: 4, containLabel: true },
    xAxis: valueAxis(shared.format, { axisLabel: { show: false }, splitLine: { show: false } }),
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map((row) => format(row[x.name], x.format)),
      axisLabel: { ...FONT, width: 150, overflow: 'truncate', interval: 0 },
      axisTick: { show: false },
      axisLine: { show: false },
    },
    series: chart.columns.map((name) => ({
      name: field(chart, name).title, type: 'bar', color: colour(chart, name), barMaxWidth: 22, barGap: '10%',
      data: rows.map((row) => row[name] ?? '-'), itemStyle: { borderRadius: [0, 2, 2, 0] },
      label: { show: true, position: 'right', ...FONT, formatter: ({ value }) => (value ? format(raw(value), field(chart, name).format) : '') },
    })),
  };
}

// Bars on a logarithmic scale: impressions are thousands of times the orders, and a true area would hide the rest.
function stepOption(chart, total) {
  const found = steps(chart, total);
  return {
    grid: { left: 4, right: 110, top: 4, bottom: 4, containLabel: true },
    xAxis: { type: 'log', min: 1, axisLabel: { show: false }, splitLine: { show: false }, axisLine: { show: false } },
    yAxis: {
      type: 'category', inverse: true, data: found.map((step) => step.title),
      axisLabel: { ...FONT, interval: 0 }, axisTick: { show: false }, axisLine: { show: false },
    },
    tooltip: { show: false },
    series: [{
      type: 'bar', color: SPARE[0], barMaxWidth: 40, data: found.map((step) => Math.max(step.value ?? 0, 1)),
      itemStyle: { borderRadius: [0, 3, 3, 0] },
      label: {
        show: true, position: 'right', ...FONT,
        formatter: ({ dataIndex }) => {
          const step = found[dataIndex];
          const text = format(step.value, step.format);
          return step.share === null ? text : `${text} (${format(step.share, 'pct2')})`;
        },
      },
    }],
  };
}

// Days, weeks and counts without rows stand on the axis as gaps; otherwise the line would lie.
function filled(chart, rows, state, dataset) {
  const [x] = chart.dimensions;
  const name = x.name;
  const known = new Map(rows.map((row) => [row[name], row]));
  if (x.format === 'int') return counted(rows, name).map((value) => known.get(value) ?? { [name]: value });
  if (x.format !== 'date' || chart.sort) return rows;
  const isWeek = x.value[0] === 'datetrunc';
  const days = dataset.dimensions[dataset.date].values;
  const oldest = days.reduce((least, day) => (day < least ? day : least), state.last);
  const first = oldest > state.first ? oldest : state.first;
  const all = [];
  for (let day = isWeek ? truncated(first, 'week') : first; day <= state.last; day = addDays(day, isWeek ? 7 : 1)) {
    all.push(known.get(day) ?? { [name]: day });
  }
  return all;
}

function counted(rows, name) {
  const values = rows.map((row) => row[name]).filter((value) => value !== null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const all = Array.from({ length: most - least + 1 }, (_, at) => least + at);
  return values[0] > values[values.length - 1] ? all.reverse() : all;
}
