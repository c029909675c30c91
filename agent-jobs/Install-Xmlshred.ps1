#Requires -Version 5.1

<#
.SYNOPSIS
Installs or upgrades xmlshred on a Windows Server: executable, folders, settings, database objects, jobs.

.DESCRIPTION
Does what docs/install.md and docs/operate.md describe for doing by hand, in this order:

1. compares the executable with the release archive, if -Archive names it
2. checks the contract, connects, and shows the plan of the installation
3. installs the objects in the database
4. makes the folders and sets their permissions
5. copies executable and contract, and writes the settings file
6. writes the script of the jobs of SQL Server Agent, and runs it if -JobRunner says by what
7. checks the installation with the installed executable and settings file

Run again, it changes only what is not as it should be. Nothing is downloaded. -WhatIf does steps 1 and 2,
which only read, and says what the others would do. -Confirm asks before each change.

It connects with your Windows account, or with the login in XMLSHRED_USER and XMLSHRED_PASSWORD. Every step
returns an object with Action, Target and Result; what the executable prints is on the information stream.
Any failure ends the script: run from a step of a job or a batch file by `powershell.exe -File`, its exit
status is 1.

.PARAMETER Server
SQL Server instance, as in --server: HOST, HOST\INSTANCE or HOST,PORT.

.PARAMETER Database
Database with the source table.

.PARAMETER Contract
The contract, a TOML file. It is installed and copied to -DataFolder.

.PARAMETER Schema
Schema of queue, log and procedures.

.PARAMETER SourceTable
Table of documents, SCHEMA.TABLE. Default: dbo.app_xml.

.PARAMETER TrustServerCertificate
Trust any certificate of the server; an attacker between client and server can then read everything.

.PARAMETER Executable
xmlshred.exe as unpacked. Default: beside the folder of this script, where the release archive has it.

.PARAMETER Archive
The release archive that was downloaded. Its SHA-256 must be the one in -ChecksumFile, and the executable
must be the one in it.

.PARAMETER ChecksumFile
SHA256SUMS of the same release. Default: beside the archive.

.PARAMETER Repository
OWNER/NAME: also verifies the archive's attestation with the GitHub CLI, which needs a network.

.PARAMETER ProgramFolder
Folder for the executable.

.PARAMETER DataFolder
Folder for settings file, contract, the script of the jobs, and the folder `log`. Administrators and the
system get full access, the account of the steps may read, and inherited permissions are removed.

.PARAMETER AgentAccount
Account of Agent's service, which writes the output files of steps. Default: the one that setup creates for
the instance in -Server. Agent on another machine uses that machine's account, DOMAIN\MACHINE$.

.PARAMETER StepAccount
Account that runs the workers: of the proxy, or of a service. Default: -AgentAccount.

.PARAMETER Workers
Number of Worker jobs; 0 where Agent runs no programs.

.PARAMETER Operator
Operator that is notified of a failed job.

.PARAMETER Proxy
Proxy that the workers run under.

.PARAMETER JobOwner
Login that owns the jobs. Default: the login with the SID 0x01, usually sa.

.PARAMETER JobRunner
What runs the script of the jobs: sqlcmd, Invoke-Sqlcmd, or nothing: then read it and run it yourself.

.PARAMETER FilesOnly
Neither connect nor install: for another machine of the same pipeline, whose database is installed already.

.PARAMETER Force
Replace a settings file that names another server, database, schema or contract. A copy of it stays beside it.

.EXAMPLE
.\agent-jobs\Install-Xmlshred.ps1 -Server DB1 -Database credit -Contract .\contract.toml -WhatIf

Shows the plan of the installation and what would be done on this machine, and changes nothing.

.EXAMPLE
.\agent-jobs\Install-Xmlshred.ps1 -Server DB1 -Database credit -Contract .\contract.toml -Archive ..\xmlshred.zip -StepAccount CONTOSO\shred -Proxy shred -Operator 'DBA on call'

Verifies the release and installs all of it. Read C:\ProgramData\xmlshred\jobs.sql, then run it.

.EXAMPLE
.\agent-jobs\Install-Xmlshred.ps1 -Server 'DB1\PROD' -Database credit -Contract .\contract.toml -Workers 4 -JobRunner Invoke-Sqlcmd -Confirm

Asks before each change, and creates the jobs too.

.EXAMPLE
Get-Help .\agent-jobs\Install-Xmlshred.ps1 -Full

.NOTES
For Windows PowerShell 5.1 and PowerShell 7. Not run on Windows yet.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
[OutputType([pscustomobject])]
param(
    # Quotation marks and control characters cannot be in a command line, a settings file and T-SQL alike.
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $Server,

    [Parameter(Mandatory = $true)]
    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $Database,

    [Parameter(Mandatory = $true)]
    [ValidateScript({ Test-Path -LiteralPath $_ -PathType Leaf })]
    [string] $Contract,

    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $Schema = 'sandbox',

    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $SourceTable = 'dbo.app_xml',

    [switch] $TrustServerCertificate,

    [ValidateScript({ Test-Path -LiteralPath $_ -PathType Leaf })]
    [string] $Executable,

    [ValidateScript({ Test-Path -LiteralPath $_ -PathType Leaf })]
    [string] $Archive,

    [ValidateScript({ Test-Path -LiteralPath $_ -PathType Leaf })]
    [string] $ChecksumFile,

    [ValidatePattern('^[\w.-]+/[\w.-]+\z')]
    [string] $Repository,

    [ValidatePattern('^([A-Za-z]:\\|\\\\)[^''"\\\p{Cc}][^''"\p{Cc}]*\z')]
    [string] $ProgramFolder = (Join-Path -Path $env:ProgramW6432 -ChildPath 'xmlshred'),

    [ValidatePattern('^([A-Za-z]:\\|\\\\)[^''"\\\p{Cc}][^''"\p{Cc}]*\z')]
    [string] $DataFolder = (Join-Path -Path $env:ProgramData -ChildPath 'xmlshred'),

    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $AgentAccount,

    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $StepAccount,

    [ValidateRange(0, 64)]
    [int] $Workers = 2,

    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $Operator,

    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $Proxy,

    [ValidatePattern('^[^''"\p{Cc}]+\z')]
    [string] $JobOwner,

    [ValidateSet('None', 'sqlcmd', 'Invoke-Sqlcmd')]
    [string] $JobRunner = 'None',

    [switch] $FilesOnly,

    [switch] $Force
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

# What a step did, for a person and for programs.
function Get-StepResult {
    param([string] $Action, [string] $Target, [string] $Result)
    [pscustomobject]@{ Action = $Action; Target = $Target; Result = $Result }
}

# Runs a program and returns its exit status. What it prints goes to the information stream.
function Invoke-Program {
    param([string] $Path, [string[]] $Arguments, [int[]] $Expected = @(0))
    # Windows PowerShell makes an error of each line on stderr in a remote session: the exit status counts.
    $ErrorActionPreference = 'Continue'
    Write-Verbose -Message ('{0} {1}' -f $Path, ($Arguments -join ' '))
    $before = $null
    try {
        # xmlshred prints UTF-8. A session without a console has no encoding to set.
        $own = [Console]::OutputEncoding
        [Console]::OutputEncoding = [System.Text.UTF8Encoding]::new($false)
        $before = $own
    } catch {
        Write-Verbose -Message 'This session has no console.'
    }
    try {
        $lines = & $Path @Arguments
        $status = $LASTEXITCODE
    } catch {
        throw "$Path cannot be started: $($_.Exception.Message)"
    } finally {
        if ($null -ne $before) { [Console]::OutputEncoding = $before }
    }
    foreach ($line in $lines) { Write-Information -MessageData $line -InformationAction Continue }
    if ($Expected -notcontains $status) {
        $name = Split-Path -Path $Path -Leaf
        throw "$name $($Arguments[0]) ended with exit status ${status}: see its message above."
    }
    $status
}

function Get-Sha256 {
    param([string] $Path)
    (Get-FileHash -LiteralPath $Path -Algorithm SHA256).Hash
}

# Of a file in a zip, without unpacking it.
function Get-Sha256InArchive {
    param([string] $Path, [string] $Name)
    Add-Type -AssemblyName System.IO.Compression.FileSystem
    $zip = [System.IO.Compression.ZipFile]::OpenRead($Path)
    try {
        $entry = $zip.Entries | Where-Object -FilterScript { $_.Name -eq $Name } | Select-Object -First 1
        if ($null -eq $entry) { throw "$Path has no ${Name}: it is not a release of xmlshred for Windows." }
        $stream = $entry.Open()
        try {
            (Get-FileHash -InputStream $stream -Algorithm SHA256).Hash
        } finally {
            $stream.Dispose()
        }
    } finally {
        $zip.Dispose()
    }
}

# The SHA-256 that SHA256SUMS has for a file: lines of 64 digits, blanks and a name.
function Get-ExpectedSha256 {
    param([string] $Path, [string] $Name)
    foreach ($line in [System.IO.File]::ReadAllLines($Path)) {
        if ($line -match '^([0-9A-Fa-f]{64}) [ *](.+)$' -and $Matches[2].Trim() -eq $Name) { return $Matches[1] }
    }
    throw "$Path has no line for ${Name}: is it of the same release, and has the archive been renamed?"
}

# SIDs, because names of built-in accounts depend on the language of Windows.
function Get-AccountSid {
    param([string] $Account, [string] $Parameter)
    try {
        $name = [System.Security.Principal.NTAccount]::new($Account)
        $name.Translate([System.Security.Principal.SecurityIdentifier]).Value
    } catch {
        throw "Windows does not know the account $Account. Name the right one with -$Parameter."
    }
}

function Test-Administrator {
    $you = [System.Security.Principal.WindowsPrincipal]::new([System.Security.Principal.WindowsIdentity]::GetCurrent())
    $you.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
}

# Users may create folders below ProgramData, and the owner of one may always change its permissions.
function Test-TrustedOwner {
    param([string] $Path)
    $owner = (Get-Acl -LiteralPath $Path).GetOwner([System.Security.Principal.SecurityIdentifier]).Value
    $you = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    @('S-1-5-32-544', 'S-1-5-18', $you) -contains $owner
}

function Test-SameFile {
    param([string] $Path, [string] $Other)
    (Test-Path -LiteralPath $Other -PathType Leaf) -and ((Get-Sha256 -Path $Path) -eq (Get-Sha256 -Path $Other))
}

# A path for .NET, whose working folder is not PowerShell's.
function Get-FullPath {
    param([string] $Path)
    (Resolve-Path -LiteralPath $Path).ProviderPath
}

if ($env:OS -ne 'Windows_NT') { throw 'This script is for Windows. docs/install.md has the steps for other systems.' }
# A parameter is validated again whenever it is assigned, so what is computed has names of its own.
$program = $Executable
if (-not $program) { $program = Join-Path -Path (Split-Path -Path $PSScriptRoot -Parent) -ChildPath 'xmlshred.exe' }
if (-not (Test-Path -LiteralPath $program -PathType Leaf)) { throw "$program does not exist: name it with -Executable." }
$program = Get-FullPath -Path $program
$newContract = Get-FullPath -Path $Contract
# A backslash at the end would take away the quotation mark behind it in a command line.
$ProgramFolder = $ProgramFolder.TrimEnd('\')
$DataFolder = $DataFolder.TrimEnd('\')
if (-not $AgentAccount) {
    $instance = ($Server -split ',')[0] -split '\\'
    $AgentAccount = 'NT SERVICE\SQLSERVERAGENT'
    if ($instance.Count -gt 1) { $AgentAccount = 'NT SERVICE\SQLAgent${0}' -f $instance[1] }
}
if (-not $StepAccount) { $StepAccount = $AgentAccount }
$agentSid = Get-AccountSid -Account $AgentAccount -Parameter 'AgentAccount'
$stepSid = Get-AccountSid -Account $StepAccount -Parameter 'StepAccount'
if (-not $WhatIfPreference -and -not (Test-Administrator)) {
    throw 'Folders and their permissions need an administrator: start PowerShell with "Run as administrator".'
}
if ($JobRunner -ne 'None' -and -not (Get-Command -Name $JobRunner -ErrorAction SilentlyContinue)) {
    throw "$JobRunner is not installed. Run the script of the jobs elsewhere, or name another -JobRunner."
}

$installed = Join-Path -Path $ProgramFolder -ChildPath 'xmlshred.exe'
$installedContract = Join-Path -Path $DataFolder -ChildPath 'contract.toml'
$settingsFile = Join-Path -Path $DataFolder -ChildPath 'xmlshred.toml'
$logFolder = Join-Path -Path $DataFolder -ChildPath 'log'
$jobScript = Join-Path -Path $DataFolder -ChildPath 'jobs.sql'

# In single quotation marks, TOML reads a backslash as it is.
$settings = @(
    "server = '$Server'"
    "database = '$Database'"
    "schema = '$Schema'"
    "contract = 'contract.toml'"
)
if ($TrustServerCertificate) { $settings += 'trust_server_certificate = true' }
$connection = @("--server=$Server", "--database=$Database", "--schema=$Schema")
if ($TrustServerCertificate) { $connection += '--trust-server-certificate' }
$source = @("--source-table=$SourceTable", "--contract=$newContract")

# Before anything is changed: would it be refused in the end?
foreach ($folder in @($ProgramFolder, $DataFolder, $logFolder)) {
    if ((Test-Path -LiteralPath $folder) -and -not (Test-TrustedOwner -Path $folder)) {
        throw "$folder belongs neither to the administrators nor to you. See what is in it, then delete it, or run: icacls.exe `"$folder`" /setowner *S-1-5-32-544 /t"
    }
}
$writesSettings = $true
if (Test-Path -LiteralPath $settingsFile) {
    $present = [System.IO.File]::ReadAllLines($settingsFile) | ForEach-Object -Process { $_.Trim() }
    $missing = @($settings | Where-Object -FilterScript { $present -cnotcontains $_ })
    $writesSettings = $missing.Count -gt 0
    if ($writesSettings -and -not $Force) {
        throw "$settingsFile has other settings. Add these lines, or let -Force replace it: $($missing -join '; ')"
    }
}

# 1. The release.
if ($Archive) {
    $zip = Get-FullPath -Path $Archive
    $sums = $ChecksumFile
    if (-not $sums) { $sums = Join-Path -Path (Split-Path -Path $zip -Parent) -ChildPath 'SHA256SUMS' }
    if (-not (Test-Path -LiteralPath $sums -PathType Leaf)) {
        throw "$sums does not exist: download SHA256SUMS of the same release, or name it with -ChecksumFile."
    }
    $expected = Get-ExpectedSha256 -Path (Get-FullPath -Path $sums) -Name (Split-Path -Path $zip -Leaf)
    if ((Get-Sha256 -Path $zip) -ne $expected) {
        throw "$zip is not the file of the release: its SHA-256 is another one. Download it again."
    }
    if ((Get-Sha256 -Path $program) -ne (Get-Sha256InArchive -Path $zip -Name 'xmlshred.exe')) {
        throw "$program is not the one in ${zip}: unpack the archive again."
    }
    if ($Repository) {
        $null = Invoke-Program -Path 'gh' -Arguments @('attestation', 'verify', $zip, '--repo', $Repository)
    }
    Get-StepResult -Action 'verify' -Target $program -Result 'the one of the release'
} else {
    Write-Warning -Message 'The executable is not compared with a release: name the downloaded archive with -Archive.'
}

# 2 and 3. The database, by the new executable, before the workers get it. A folder of Windows has no
# xmlshred.toml: only the parameters count.
Push-Location -LiteralPath $env:SystemRoot
try {
    $null = Invoke-Program -Path $program -Arguments (@('contract', 'check') + @($newContract))
    $isInstalled = [bool] $FilesOnly
    if (-not $FilesOnly) {
        $planned = Invoke-Program -Path $program -Arguments (@('install', '--plan') + $connection + $source) -Expected @(0, 1)
        $isInstalled = $planned -eq 0
        $result = 'unchanged'
        if (-not $isInstalled) {
            $result = 'not done'
            if ($PSCmdlet.ShouldProcess("$Server, database $Database, schema $Schema", 'Install what the plan above lists')) {
                $null = Invoke-Program -Path $program -Arguments (@('install') + $connection + $source)
                $isInstalled = $true
                $result = 'done'
            }
        }
        Get-StepResult -Action 'install' -Target "$Server $Database $Schema" -Result $result
        if (-not $isInstalled -and -not $WhatIfPreference) {
            # A new executable or contract beside an old installation would stop the workers.
            Write-Warning -Message 'The installation was declined, so the rest is not done either.'
            return
        }
    }

    # 4. Folders: created first and closed to others, before anything is in them.
    foreach ($folder in @($ProgramFolder, $DataFolder, $logFolder)) {
        $result = 'unchanged'
        if (-not (Test-Path -LiteralPath $folder -PathType Container)) {
            $result = 'not done'
            if ($PSCmdlet.ShouldProcess($folder, 'Create the folder')) {
                $null = New-Item -ItemType Directory -Path $folder -Force -Confirm:$false
                $result = 'done'
            }
        }
        Get-StepResult -Action 'create folder' -Target $folder -Result $result
    }
    # Below the root of a drive, and below ProgramData, others may write unless that is taken away.
    $steps = "*${stepSid}:(OI)(CI)"
    $owners = @('/inheritance:r', '/grant:r', '*S-1-5-32-544:(OI)(CI)F', '*S-1-5-18:(OI)(CI)F')
    $access = @(
        @{ Folder = $ProgramFolder; Rules = $owners + @('*S-1-5-32-545:(OI)(CI)RX', "${steps}RX"); Who = 'users may read' }
        @{ Folder = $DataFolder; Rules = $owners + @("${steps}RX"); Who = "$StepAccount may read, others nothing" }
        @{ Folder = $logFolder; Rules = @('/grant:r', "${steps}M"); Who = "$StepAccount may write" }
    )
    if ($agentSid -ne $stepSid) {
        $access += @{ Folder = $logFolder; Rules = @('/grant:r', "*${agentSid}:(OI)(CI)M"); Who = "$AgentAccount may write" }
    }
    foreach ($entry in $access) {
        $result = 'not done'
        if ($PSCmdlet.ShouldProcess($entry.Folder, "Set permissions: $($entry.Who)")) {
            $null = Invoke-Program -Path 'icacls.exe' -Arguments @($entry.Folder, '/setowner', '*S-1-5-32-544')
            $null = Invoke-Program -Path 'icacls.exe' -Arguments (@($entry.Folder) + $entry.Rules)
            $result = 'set'
        }
        Get-StepResult -Action 'permissions' -Target $entry.Folder -Result $result
    }

    # 5. Files.
    foreach ($copy in @(@{ From = $program; To = $installed }, @{ From = $newContract; To = $installedContract })) {
        $result = 'unchanged'
        if (-not (Test-SameFile -Path $copy.From -Other $copy.To)) {
            $result = 'not done'
            if ($PSCmdlet.ShouldProcess($copy.To, "Copy $($copy.From)")) {
                $new = "$($copy.To).new"
                try {
                    Copy-Item -LiteralPath $copy.From -Destination $new -Force -Confirm:$false
                    Move-Item -LiteralPath $new -Destination $copy.To -Force -Confirm:$false
                } catch {
                    $why = $_.Exception.Message
                    throw "$($copy.To) cannot be replaced: $why If workers use it, pause, wait until they have ended, and run this script again."
                } finally {
                    if (Test-Path -LiteralPath $new) { Remove-Item -LiteralPath $new -Force -Confirm:$false }
                }
                if ($Archive) { Unblock-File -LiteralPath $copy.To -Confirm:$false }
                $result = 'done'
            }
        }
        Get-StepResult -Action 'copy' -Target $copy.To -Result $result
    }
    $result = 'unchanged'
    if ($writesSettings) {
        $result = 'not done'
        if ($PSCmdlet.ShouldProcess($settingsFile, 'Write the settings')) {
            if (Test-Path -LiteralPath $settingsFile) {
                $kept = '{0}.{1:yyyyMMddHHmmss}.old' -f $settingsFile, [DateTime]::UtcNow
                Copy-Item -LiteralPath $settingsFile -Destination $kept -Confirm:$false
            }
            [System.IO.File]::WriteAllLines($settingsFile, [string[]] $settings, [System.Text.UTF8Encoding]::new($false))
            $result = 'done'
        }
    }
    Get-StepResult -Action 'write settings' -Target $settingsFile -Result $result

    # 6. The jobs.
    $jobs = @("--database=$Database", "--schema=$Schema", "--workers=$Workers")
    $jobs += @("--executable=$installed", "--settings-file=$settingsFile", "--log-dir=$logFolder")
    if ($Operator) { $jobs += "--operator=$Operator" }
    if ($Proxy) { $jobs += "--proxy=$Proxy" }
    if ($JobOwner) { $jobs += "--owner=$JobOwner" }
    $result = 'not done'
    if ($PSCmdlet.ShouldProcess($jobScript, 'Write the script of the jobs')) {
        $null = Invoke-Program -Path $program -Arguments (@('agent-jobs', "--out=$jobScript") + $jobs)
        $result = 'done'
    }
    Get-StepResult -Action 'write job script' -Target $jobScript -Result $result
    if ($JobRunner -ne 'None') {
        $result = 'not done'
        if ($PSCmdlet.ShouldProcess("SQL Server Agent of $Server", "Run $jobScript by $JobRunner")) {
            if ($JobRunner -eq 'sqlcmd') {
                $sqlcmd = @('-S', $Server, '-b', '-I', '-x', '-i', $jobScript)
                if ($TrustServerCertificate) { $sqlcmd += '-C' }
                $null = Invoke-Program -Path 'sqlcmd' -Arguments $sqlcmd
            } else {
                $call = @{ ServerInstance = $Server; InputFile = $jobScript; DisableVariables = $true; AbortOnError = $true }
                # Before version 22 the module has no such parameter, and does not encrypt unless asked to.
                if ($TrustServerCertificate -and (Get-Command -Name Invoke-Sqlcmd).Parameters.ContainsKey('TrustServerCertificate')) {
                    $call['TrustServerCertificate'] = $true
                }
                $rows = Invoke-Sqlcmd @call -ErrorAction Stop | Out-String
                Write-Information -MessageData $rows.Trim() -InformationAction Continue
            }
            $result = 'done'
        }
        Get-StepResult -Action 'create jobs' -Target $Server -Result $result
    }

    # 7. As you: whether the account of the steps may log in, the first run of a job shows.
    if (-not $FilesOnly -and $isInstalled -and -not $WhatIfPreference) {
        $health = Invoke-Program -Path $installed -Arguments (@('doctor') + @("--config=$settingsFile")) -Expected @(0, 1)
        $result = 'all is well'
        if ($health -eq 1) { $result = 'applications have failed: see above' }
        Get-StepResult -Action 'check' -Target $settingsFile -Result $result
    }
} finally {
    Pop-Location
}
