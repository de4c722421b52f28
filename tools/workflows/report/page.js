'use strict';
// Draws every chart of the JSON element "charts" into its canvas. Colours come from the page's variables and are read
// again when the light changes.
(() => {
  const specifications = JSON.parse(document.getElementById('charts').textContent);
  const shapes = ['circle', 'rectRot', 'triangle', 'rect', 'star', 'crossRot', 'rectRounded', 'cross'];
  const colours = 8;
  let drawn = [];

  const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const narrow = () => window.innerWidth < 600;

  const numberText = (value) => {
    const size = Math.abs(value);
    if (size === 0) return '0';
    if (size < 1e-4 || size >= 1e7) return value.toExponential(2).replace(/\.?0+e/, 'e').replace('e+', 'e');
    return value.toLocaleString('en-GB', {maximumSignificantDigits: 4});
  };

  // Round numbers from low to high: about `wanted` of them on a linear axis.
  const linearTicks = (low, high, wanted, whole) => {
    const rough = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    let step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
    if (whole) step = Math.max(1, Math.round(step));
    const ticks = [];
    for (let i = Math.ceil(low / step - 1e-9); i <= high / step + 1e-9; ++i) ticks.push(Number((i * step).toPrecision(12)));
    return ticks;
  };

  // Powers of ten, and more where there are few of them.
  const logTicks = (low, high) => {
    const decades = Math.log10(high / low);
    const few = narrow() ? [1, 2, 3, 5, 7] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const digits = decades < 0.7 ? few : decades < 2.2 ? [1, 2, 5] : [1];
    const apart = Math.ceil(decades / 9);
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power)
      if (power % apart === 0)
        for (const digit of digits) {
          const value = Number((digit * 10 ** power).toPrecision(3));
          if (value >= low && value <= high) ticks.push(value);
        }
    return ticks;
  };

  // Least and largest value that an axis must show: points, their intervals, and lines across the chart.
  const range = (spec, name) => {
    const values = [];
    for (const series of spec.series) {
      for (const point of series.points) values.push(point[name === 'x' ? 0 : 1]);
      if (Boolean(series.across) === (name === 'x'))
        for (const interval of series.intervals || []) values.push(...(interval || []));
    }
    for (const mark of spec.marks || []) if (mark.axis === name) values.push(mark.value);
    const shown = values.filter((v) => Number.isFinite(v) && (!spec[name].log || v > 0));
    return shown.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
  };

  // Intervals of points, as lines with ends.
  const intervals = {
    id: 'intervals',
    beforeDatasetsDraw(chart) {
      const {ctx, chartArea: area, scales} = chart;
      ctx.save();
      ctx.beginPath();
      ctx.rect(area.left, area.top, area.width, area.height);
      ctx.clip();
      chart.data.datasets.forEach((set, index) => {
        const meta = chart.getDatasetMeta(index);
        if (!set.intervals || meta.hidden) return;
        ctx.strokeStyle = set.borderColor;
        ctx.lineWidth = 1.5;
        meta.data.forEach((point, i) => {
          if (!set.intervals[i]) return;
          const along = set.across ? scales.x : scales.y;
          const [low, high] = set.intervals[i].map((v) => along.getPixelForValue(v));
          const end = 4;
          ctx.beginPath();
          for (const at of [low, high]) {
            if (set.across) { ctx.moveTo(at, point.y - end); ctx.lineTo(at, point.y + end); }
            else { ctx.moveTo(point.x - end, at); ctx.lineTo(point.x + end, at); }
          }
          if (set.across) { ctx.moveTo(low, point.y); ctx.lineTo(high, point.y); }
          else { ctx.moveTo(point.x, low); ctx.lineTo(point.x, high); }
          ctx.stroke();
        });
      });
      ctx.restore();
    },
  };

  // Lines at a value across the chart.
  const marks = {
    id: 'marks',
    beforeDatasetsDraw(chart, _, options) {
      const {ctx, chartArea: area, scales} = chart;
      for (const mark of options.list || []) {
        const at = scales[mark.axis].getPixelForValue(mark.value);
        if (!Number.isFinite(at)) continue;
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = options.colour;
        ctx.setLineDash([4, 4]);
        ctx.beginPath();
        if (mark.axis === 'x') { ctx.moveTo(at, area.top); ctx.lineTo(at, area.bottom); }
        else { ctx.moveTo(area.left, at); ctx.lineTo(area.right, at); }
        ctx.stroke();
        ctx.font = '12px ' + Chart.defaults.font.family;
        const rightHalf = at > (area.left + area.right) / 2;
        if (mark.axis === 'x') {
          ctx.textAlign = rightHalf ? 'right' : 'left';
          ctx.fillText(mark.text, at + (rightHalf ? 2 : -2), area.top - 5);  // above, where no curve runs
        } else {
          ctx.textAlign = 'left';
          ctx.fillText(mark.text, area.left + 6, at > area.top + 16 ? at - 5 : at + 14);
        }
        ctx.restore();
      }
    },
  };

  const axis = (chart, name) => {
    const spec = chart[name];
    const [low, high] = range(chart, name);
    // Curves fill the chart's width; everything else keeps a distance from the edges.
    const curves = name === 'x' && chart.series.every((series) => series.line);
    const distance = high === low ? 0.5 : curves ? 0 : 0.07 * (high - low);
    const [min, max] = spec.log ? [low / 1.4, high * 1.4] : [low - distance, high + distance];
    const whole = name === 'x' && chart.series.every((series) => series.points.every(([x]) => Number.isInteger(x)));
    const ticks = spec.log ? logTicks(min, max) : linearTicks(min, max, narrow() && name === 'x' ? 4 : 7, whole);
    return {
      type: spec.log ? 'logarithmic' : 'linear',
      min, max,
      afterBuildTicks: (scale) => { scale.ticks = ticks.map((value) => ({value})); },
      title: {display: spec.title !== '', text: spec.title, color: variable('--muted')},
      grid: {color: variable('--line'), borderColor: variable('--line'), drawTicks: false},
      ticks: {color: variable('--muted'), padding: 6, maxRotation: 0, autoSkip: false, callback: (value) => numberText(value)},
    };
  };

  const dataset = (series, index, alone) => {
    const colour = series.quiet ? variable('--muted') : variable('--c' + (index % colours));
    const many = series.points.length > 40;
    return {
      label: series.name,
      data: series.points.map(([x, y]) => ({x, y})),
      intervals: series.intervals,
      across: series.across,
      quiet: series.quiet,
      showLine: Boolean(series.line),
      borderColor: series.quiet ? colour + '66' : colour,
      backgroundColor: colour,
      borderWidth: series.quiet ? 1 : 2,
      // A colour that comes round again is told apart by its dashes.
      borderDash: series.dashed ? [6, 4] : index >= colours ? [2, 3] : [],
      pointStyle: series.quiet || alone ? 'circle' : shapes[index % shapes.length],
      pointRadius: series.quiet ? 0 : series.line ? (many ? 0 : 3) : 5,
      pointHitRadius: 10,
      pointBorderWidth: series.line ? 1 : 2,
      clip: 8,
    };
  };

  const configuration = (spec) => {
    const x = axis(spec, 'x');
    const y = axis(spec, 'y');
    const names = spec.categories;
    if (names) {
      const cut = (name) => (name.length > (narrow() ? 16 : 40) ? name.slice(0, narrow() ? 15 : 39) + '…' : name);
      Object.assign(y, {min: -0.5, max: names.length - 0.5, reverse: true});
      y.afterBuildTicks = (scale) => { scale.ticks = names.map((_, value) => ({value})); };
      y.ticks.callback = (value) => (narrow() ? names[value].split(/ (?=[−])/).map(cut) : cut(names[value]));
      y.ticks.color = variable('--ink');
    }
    const coloured = spec.series.filter((series) => !series.quiet);
    const label = (item) => {
      const {dataset: set, dataIndex, raw} = item;
      const around = set.intervals && set.intervals[dataIndex];
      const value = numberText(set.across ? raw.x : raw.y);
      return set.label + ': ' + value + (around ? ' (' + around.map(numberText).join(' to ') + ')' : '');
    };
    const title = ([item]) => {
      if (names) return names[Math.round(item.raw.y)];  // several series stand beside each other
      return spec.x.title + ' ' + numberText(item.raw.x);
    };
    return {
      type: 'scatter',
      data: {datasets: spec.series.map((series) => dataset(series, coloured.indexOf(series), coloured.length === 1))},
      options: {
        responsive: true, maintainAspectRatio: false, animation: false,
        layout: {padding: {top: (spec.marks || []).some((mark) => mark.axis === 'x') ? 16 : 0}},
        interaction: {mode: 'nearest', intersect: false},
        scales: {x, y},
        plugins: {
          legend: {
            display: coloured.length > 1, position: 'bottom',
            labels: {color: variable('--ink'), usePointStyle: true, boxHeight: 7, padding: 12,
              filter: (item, data) => !data.datasets[item.datasetIndex].quiet},
          },
          tooltip: {callbacks: {label, title}},
          marks: {list: spec.marks, colour: variable('--muted')},
        },
      },
      plugins: [marks, intervals],
    };
  };

  const draw = () => {
    drawn.forEach((chart) => chart.destroy());
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    drawn = specifications.map((spec) => new Chart(document.getElementById(spec.id), configuration(spec)));
  };

  draw();
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  window.addEventListener('beforeprint', () => drawn.forEach((chart) => chart.resize()));
})();
