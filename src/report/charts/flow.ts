/** A flow in stages (a Sankey diagram): a band's width shows how many take it; the numbers are beside the nodes. */
import type { SankeySeriesOption } from 'echarts';
import type { FlowLink, FlowNode } from '../selection-flow';
import { color } from '../../pages/colors';
import type { Chart } from '../../pages/chart';
import { count } from '../../pages/numbers';
import { shortened, visibleLine } from '../../visible-text';

const nodeWidth = 12;
const lineHeight = 15;
/** Bands of all nodes of a stage together; gaps for the labels come on top. */
const bandHeight = 150;
/** Room for the labels of the last stage, which stand right of it. */
const labelPixels = { wide: 120, narrow: 100 };
/** Enough for all our names; longer ones are cut. There is less room after the last stage. */
const mostCharacters = { within: 18, last: 15 };
const narrowest = 500;

export function flowChart(input: { id: string; caption: string; nodes: FlowNode[]; links: FlowLink[] }): Chart {
  const { id, caption, nodes, links } = input;
  const stages = [...new Set(nodes.map(({ stage }) => stage))];
  const most = Math.max(...stages.map((stage) => nodes.filter((node) => node.stage === stage).length));
  const gap = 2 * lineHeight + 4;
  return {
    id,
    description: `Flow of ${nodes.map(({ label, responses }) => `${label} ${count(responses)}`).join(', ')}; the counts are in the table below.`,
    caption,
    legend: [],
    height: most * gap + bandHeight,
    option: ({ width }) => ({
      series: [width < narrowest ? narrowSeries(nodes, links, gap) : series(nodes, links, gap)],
    }),
  };
}

/** On a phone there is no room for the first stage, which is one node: its number is in the caption. */
function narrowSeries(nodes: FlowNode[], links: FlowLink[], gap: number): SankeySeriesOption {
  const later = nodes.filter(({ stage }) => stage > 0).map((node) => ({ ...node, stage: node.stage - 1 }));
  const kept = new Set(later.map(({ id }) => id));
  const options = series(
    later,
    links.filter(({ from }) => kept.has(from)),
    gap,
  );
  return { ...options, right: labelPixels.narrow, label: { ...labelStyle, fontSize: 11, formatter: twoLines(later) } };
}

const labelStyle = {
  position: 'right' as const,
  color: color('text'),
  fontSize: 12,
  lineHeight,
  /** Readable on a band of any colour. */
  textBorderColor: color('surface'),
  textBorderWidth: 3,
};

function series(nodes: FlowNode[], links: FlowLink[], gap: number): SankeySeriesOption {
  return {
    type: 'sankey',
    silent: true,
    left: 2,
    right: labelPixels.wide,
    top: lineHeight,
    bottom: lineHeight,
    nodeWidth,
    nodeGap: gap,
    nodeAlign: 'left',
    // The order of the nodes is the order of the reasons; echarts would rearrange them.
    layoutIterations: 0,
    label: { ...labelStyle, formatter: twoLines(nodes) },
    data: nodes.map(({ id, stage, colorName }) => ({
      name: id,
      depth: stage,
      itemStyle: { color: color(colorName), borderWidth: 0 },
    })),
    links: links.map(({ from, to, responses, colorName }) => ({
      source: from,
      target: to,
      value: responses,
      lineStyle: { color: color(colorName), opacity: 0.45, curveness: 0.5 },
    })),
  };
}

function twoLines(nodes: FlowNode[]) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const lastStage = Math.max(...nodes.map(({ stage }) => stage));
  return ({ name }: { name: string }) => {
    const node = byId.get(name);
    if (node === undefined) return '';
    const most = node.stage === lastStage ? mostCharacters.last : mostCharacters.within;
    return `${shortened(visibleLine(node.label), most).text}\n${count(node.responses)}`;
  };
}
