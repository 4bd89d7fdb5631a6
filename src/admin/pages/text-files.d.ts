declare module "*.css" {
  const text: string;
  export default text;
}

declare module "*/assets/live.js" {
  const text: string;
  export default text;
}

declare module "*/assets/page.js" {
  const text: string;
  export default text;
}

declare module "*/assets/charts.js" {
  const text: string;
  export default text;
}

declare module "uplot/dist/uPlot.iife.min.js" {
  const text: string;
  export default text;
}

declare module "htmx.org/dist/htmx.min.js" {
  const text: string;
  export default text;
}
