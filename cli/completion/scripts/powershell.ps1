# Completion of tq for PowerShell. In $PROFILE: tq completions powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName 'tq', 'tq.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($_.Value -is [string]) { $_.Value } else { $_.Extent.Text } })
    $program = $commandAst.CommandElements[0].Extent.Text
    # The dot stands for the end of a word that may be empty: tq takes it off.
    $current = $wordToComplete.Trim([char[]]@([char]34, [char]39))
    $lines = @(& $program completions powershell @before "$current." 2>$null)
    if ($lines.Count -eq 0 -or $lines[0] -ne 'words') { return }
    $lines | Select-Object -Skip 1 | ForEach-Object {
        $word, $about = $_ -split "`t", 2
        $typed = if ($word -match '^[\w.-][\w./=@%+-]*$') { $word } else { "'" + $word.Replace("'", "''") + "'" }
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($typed, $word, 'ParameterValue', $about)
    }
}
