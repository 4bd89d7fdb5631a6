/**
 * A worker at the start of Windows: a task of its Task Scheduler. A service of Windows must speak with the Service
 * Control Manager, which tq does not: Windows would end it after 30 seconds.
 */
import { MADE_BY } from "../files.ts";
import type { Plan } from "../plan.ts";
import { escapeXml } from "../xml.ts";

export function scheduledTaskOf({ scope, description, command, folder }: Plan): string {
  const [program = "", ...args] = command;
  const who =
    scope === "system"
      ? "<UserId>S-1-5-19</UserId>" // LOCAL SERVICE, which may do little on the machine
      : "<LogonType>InteractiveToken</LogonType>";
  const trigger = scope === "system" ? "BootTrigger" : "LogonTrigger";
  return `<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <!-- ${MADE_BY} -->
  <RegistrationInfo>
    <Description>${escapeXml(description)}</Description>
  </RegistrationInfo>
  <Triggers>
    <${trigger}>
      <Enabled>true</Enabled>
    </${trigger}>
  </Triggers>
  <Principals>
    <Principal id="Author">
      ${who}
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${escapeXml(program)}</Command>
      <Arguments>${escapeXml(args.map(argument).join(" "))}</Arguments>
      <WorkingDirectory>${escapeXml(folder)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`;
}

/** A word of a command line as programs of Windows read it: backslashes count only before a quote. */
function argument(text: string): string {
  if (/^[^\s"]+$/.test(text)) return text;
  return `"${text.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/(\\+)$/, "$1$1")}"`;
}
