<#
.SYNOPSIS
Breaks no rule.

.DESCRIPTION
The self-test breaks one rule after another, by a change of one line.

.PARAMETER Path
A file.

.EXAMPLE
.\good.ps1 -Path a
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param([string] $Path)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
if ($PSCmdlet.ShouldProcess($Path, 'Remove')) { Remove-Item -LiteralPath $Path -Confirm:$false }
