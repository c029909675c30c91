<#
.SYNOPSIS
Breaks one rule.

.DESCRIPTION
Breaks one rule.

.PARAMETER Path
A file.

.EXAMPLE
.\broken.ps1 -Path a
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param([string] $Path)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
Write-Host $Path
