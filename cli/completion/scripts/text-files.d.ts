declare module "*/scripts/bash.sh" {
  const text: string;
  export default text;
}

declare module "*/scripts/fish.fish" {
  const text: string;
  export default text;
}

declare module "*/scripts/powershell.ps1" {
  const text: string;
  export default text;
}

declare module "*/scripts/zsh.zsh" {
  const text: string;
  export default text;
}
