// Reads T-SQL files with Microsoft's own parser (SQL Server 2016's grammar) and walks the syntax
// tree to enforce what a tree can show of this project's rules.
//
//   TsqlCheck.exe check PATH... [with PATH...]
//                                    every .sql file written by hand must parse and keep every rule;
//                                    those after `with` are what they call
//   TsqlCheck.exe parse PATH...      every .sql file must parse: for generated T-SQL
//   TsqlCheck.exe statements FILE PATH...
//                                    each procedure of FILE executes as many statements for a batch as FILE says
//   TsqlCheck.exe self-test FOLDER   every file of broken/ must break exactly the rule it is named
//                                    after: NAME.sql or NAME.variant.sql

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Microsoft.SqlServer.TransactSql.ScriptDom;

static class Program
{
    static int Main(string[] arguments)
    {
        if (arguments.Length >= 2 && arguments[0] == "check")
        {
            var own = arguments.Skip(1).TakeWhile(argument => argument != "with");
            var called = arguments.SkipWhile(argument => argument != "with").Skip(1);
            return Check(own.SelectMany(SqlFiles).Where(IsWrittenByHand), script => script.Findings(), called.SelectMany(SqlFiles));
        }
        if (arguments.Length >= 2 && arguments[0] == "parse")
            return Check(arguments.Skip(1).SelectMany(SqlFiles), script => script.ParseFindings(), new string[0]);
        if (arguments.Length >= 3 && arguments[0] == "statements")
            return StatementCount.Check(arguments[1], arguments.Skip(2).SelectMany(SqlFiles).Where(IsCounted).Select(file => new Script(file)));
        if (arguments.Length == 2 && arguments[0] == "self-test")
            return SelfTest(arguments[1]);
        Console.Error.WriteLine("usage: TsqlCheck.exe check PATH... | parse PATH... | statements FILE PATH... | self-test FOLDER");
        return 2;
    }

    static int Check(IEnumerable<string> paths, Func<Script, List<Finding>> read, IEnumerable<string> called)
    {
        var files = paths.ToList();
        var scripts = files.Select(file => new Script(file)).ToList();
        var findings = scripts.SelectMany(read).ToList();
        var others = called.Select(file => new Script(file)).ToList();
        // Generated: its style is nobody's, its plans are everybody's.
        var held = new[] { Rules.Parse, Rules.PinnedPlan, Rules.DirtyRead };
        findings.AddRange(others.SelectMany(script => script.Findings()).Where(finding => held.Contains(finding.Rule)));
        findings.AddRange(TempTables.Findings(scripts.Concat(others)));
        foreach (var finding in findings)
            Console.WriteLine(finding);
        Console.WriteLine($"tsql-check: {files.Count} files, {findings.Count} findings");
        return files.Count > 0 && findings.Count == 0 ? 0 : 1;
    }

    static int SelfTest(string folder)
    {
        var files = SqlFiles(folder).ToList();
        var wrong = 0;
        foreach (var file in files)
        {
            var expected = Path.GetFileName(file).Split('.')[0];
            var script = new Script(file);
            var found = script.Findings().Concat(TempTables.Findings(new[] { script }))
                .Select(finding => finding.Rule).Distinct().ToList();
            if (found.Count == 1 && found[0] == expected)
                continue;
            wrong++;
            var named = found.Count == 0 ? "nothing" : string.Join(", ", found);
            Console.WriteLine($"{file}: should break {expected} and nothing else, breaks {named}");
        }
        var untested = Rules.All.Except(files.Select(file => Path.GetFileName(file).Split('.')[0])).ToList();
        foreach (var rule in untested)
            Console.WriteLine($"{folder}: no file breaks {rule}");
        Console.WriteLine($"tsql-check self-test: {files.Count} broken files, {Rules.All.Length} rules, {wrong + untested.Count} wrong");
        return wrong + untested.Count == 0 ? 0 : 1;
    }

    /// Packaging generates sql/install.sql from the other files; snapshots hold generated T-SQL.
    static bool IsWrittenByHand(string path)
    {
        return Path.GetFileName(path) != "install.sql" && !path.EndsWith(".snap.sql", StringComparison.Ordinal);
    }

    /// Procedures written by hand, and the generated ones of the snapshot.
    static bool IsCounted(string path)
    {
        return Path.GetFileName(path) != "install.sql";
    }

    static IEnumerable<string> SqlFiles(string path)
    {
        return Directory.Exists(path)
            ? Directory.GetFiles(path, "*.sql", SearchOption.AllDirectories).OrderBy(file => file, StringComparer.Ordinal)
            : new[] { path }.AsEnumerable();
    }
}

/// What can be broken. The names are those of the files in broken/.
static class Rules
{
    public const string Parse = "parse";
    public const string SetOptions = "set-options";
    public const string Header = "header";
    public const string CreateOrAlter = "create-or-alter";
    public const string OneObject = "one-object";
    public const string Prologue = "prologue";
    public const string CallersTransaction = "callers-transaction";
    public const string TryCatch = "try-catch";
    public const string SchemaQualified = "schema-qualified";
    public const string SelectStar = "select-star";
    public const string Semicolon = "semicolon";
    public const string Merge = "merge";
    public const string UpdatableCte = "updatable-cte";
    public const string AliasTarget = "alias-target";
    public const string NewerFunction = "newer-function";
    public const string KeywordCase = "keyword-case";
    public const string DirtyRead = "dirty-read";
    public const string ReadPast = "readpast";
    public const string ErrorNumber = "error-number";
    public const string TableGuard = "table-guard";
    public const string InsertColumns = "insert-columns";
    public const string PageLocks = "page-locks";
    public const string SourceRead = "source-read";
    public const string PinnedPlan = "pinned-plan";
    public const string SessionLock = "session-lock";
    public const string ForeignTemp = "foreign-temp";
    public const string MonitoringWaits = "monitoring-waits";
    public const string OwnForeignKey = "own-foreign-key";
    public const string VolatileStatistics = "volatile-statistics";
    public const string CountsLog = "counts-log";
    public const string CountsQueue = "counts-queue";
    public const string SumsLast = "sums-last";
    public const string CurrentDatabase = "current-database";

    public static readonly string[] All =
    {
        Parse, SetOptions, Header, CreateOrAlter, OneObject, Prologue, CallersTransaction, TryCatch,
        SchemaQualified, SelectStar, Semicolon, Merge, UpdatableCte, AliasTarget, NewerFunction,
        KeywordCase, DirtyRead, ReadPast, ErrorNumber, TableGuard, InsertColumns, PageLocks, SourceRead, PinnedPlan,
        SessionLock, ForeignTemp, MonitoringWaits, OwnForeignKey, VolatileStatistics,
        CountsLog, CountsQueue, SumsLast, CurrentDatabase,
    };
}

sealed class Finding
{
    public string File;
    public int Line;
    public string Rule;
    public string Message;

    public override string ToString()
    {
        return $"{File}:{Line}: {Rule}: {Message}";
    }
}

/// Who creates the temp tables that a procedure reaches. A person calls a procedure from SSMS, where a
/// worker's temp tables are not: each must be created by it or by one that it is called from.
static class TempTables
{
    static readonly string[] Roles = { "shred_operator", "shred_monitor" };

    sealed class Procedure
    {
        public Script Script;
        public ProcedureStatementBody Body;
        public readonly HashSet<string> Creates = new HashSet<string>();
        public readonly HashSet<string> Fills = new HashSet<string>();
        public readonly Dictionary<string, TSqlFragment> Reaches = new Dictionary<string, TSqlFragment>();
        public readonly List<string> Calls = new List<string>();
    }

    public static List<Finding> Findings(IEnumerable<Script> scripts)
    {
        var procedures = new Dictionary<string, Procedure>();
        var granted = new HashSet<string>();
        foreach (var script in scripts.Where(script => script.Tree != null))
            foreach (var statement in script.Tree.Batches.SelectMany(batch => batch.Statements))
            {
                if (statement is ProcedureStatementBody body)
                    procedures[body.ProcedureReference.Name.BaseIdentifier.Value] = Read(script, body);
                if (statement is GrantStatement grant && grant.Principals.Any(to => Roles.Contains(to.Identifier.Value)))
                    granted.Add(grant.SecurityTargetObject.ObjectName.MultiPartIdentifier.Identifiers.Last().Value);
            }
        return granted.Where(procedures.ContainsKey).SelectMany(name =>
            Missing(procedures, name, name, new HashSet<string>(), new HashSet<string>())).ToList();
    }

    static Procedure Read(Script script, ProcedureStatementBody body)
    {
        var procedure = new Procedure { Script = script, Body = body };
        body.Accept(new Reading(procedure));
        return procedure;
    }

    static IEnumerable<Finding> Missing(
        Dictionary<string, Procedure> procedures, string root, string name, HashSet<string> created, HashSet<string> filled)
    {
        var procedure = procedures[name];
        created = new HashSet<string>(created.Concat(procedure.Creates));
        filled = new HashSet<string>(filled.Concat(procedure.Fills));
        // IF NOT EXISTS (SELECT 1 FROM #table) RETURN 0; ends it where nobody has filled the table.
        var end = EndOf(procedure.Body, created, filled);
        foreach (var reached in procedure.Reaches.Where(reached => !created.Contains(reached.Key) && reached.Value.StartOffset < end))
            yield return new Finding
            {
                File = procedure.Script.Name, Line = reached.Value.StartLine, Rule = Rules.ForeignTemp,
                Message = $"{root} is granted to people and reaches {reached.Key}, which nobody on the way to it creates",
            };
        foreach (var called in procedure.Calls.Where(called => procedures.ContainsKey(called) && called != name))
            foreach (var finding in Missing(procedures, root, called, created, filled))
                yield return finding;
    }

    static int EndOf(ProcedureStatementBody body, HashSet<string> created, HashSet<string> filled)
    {
        var returns = new Returns();
        body.Accept(returns);
        var ends = returns.WhereEmpty.Where(guard => created.Contains(guard.Value) && !filled.Contains(guard.Value));
        return ends.Select(guard => guard.Key.StartOffset + guard.Key.FragmentLength).DefaultIfEmpty(int.MaxValue).Min();
    }

    sealed class Reading : TSqlFragmentVisitor
    {
        readonly Procedure procedure;

        public Reading(Procedure procedure)
        {
            this.procedure = procedure;
        }

        public override void Visit(CreateTableStatement node)
        {
            procedure.Creates.Add(node.SchemaObjectName.BaseIdentifier.Value);
        }

        public override void Visit(InsertSpecification node)
        {
            if (node.Target is NamedTableReference target)
                procedure.Fills.Add(target.SchemaObject.BaseIdentifier.Value);
        }

        public override void Visit(NamedTableReference node)
        {
            var name = node.SchemaObject.BaseIdentifier.Value;
            if (name.StartsWith("#") && !procedure.Reaches.ContainsKey(name))
                procedure.Reaches[name] = node;
        }

        public override void Visit(ExecutableProcedureReference node)
        {
            var name = node.ProcedureReference?.ProcedureReference?.Name;
            if (name != null)
                procedure.Calls.Add(name.BaseIdentifier.Value);
        }
    }

    sealed class Returns : TSqlFragmentVisitor
    {
        public readonly Dictionary<IfStatement, string> WhereEmpty = new Dictionary<IfStatement, string>();

        public override void Visit(IfStatement node)
        {
            var then = node.ThenStatement is BeginEndBlockStatement block && block.StatementList.Statements.Count == 1
                ? block.StatementList.Statements[0]
                : node.ThenStatement;
            var table = then is ReturnStatement && node.Predicate is BooleanNotExpression not
                && not.Expression is ExistsPredicate exists
                && exists.Subquery.QueryExpression is QuerySpecification query && query.WhereClause == null
                && query.FromClause?.TableReferences.Count == 1
                ? query.FromClause.TableReferences[0] as NamedTableReference
                : null;
            if (table != null)
                WhereEmpty[node] = table.SchemaObject.BaseIdentifier.Value;
        }
    }
}

/// One file, parsed.
sealed class Script
{
    // Values of sqlcmd's variables; what they are does not matter to a parser.
    static readonly Dictionary<string, string> Variables = new Dictionary<string, string>
    {
        { "Schema", "sandbox" }, { "SourceSchema", "dbo" }, { "SourceTable", "app_xml" },
        { "SourceIdColumn", "app_id" }, { "SourceDocumentColumn", "xml" },
        { "LogFilegroup", "DEFAULT" }, { "LogCompression", "NONE" },
    };

    // Functions that SQL Server 2016 does not have, and those that it has only at compatibility
    // level 130, which an upgraded database need not be at.
    static readonly HashSet<string> NewerFunctions = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "APPROX_COUNT_DISTINCT", "BASE64_DECODE", "BASE64_ENCODE", "BIT_COUNT", "CONCAT_WS",
        "CURRENT_DATE", "DATETRUNC", "DATE_BUCKET", "GENERATE_SERIES", "GET_BIT", "GREATEST",
        "JSON_ARRAY", "JSON_OBJECT", "JSON_PATH_EXISTS", "LEAST", "LEFT_SHIFT", "OPENJSON",
        "REGEXP_COUNT", "REGEXP_INSTR", "REGEXP_LIKE", "REGEXP_REPLACE", "REGEXP_SUBSTR",
        "RIGHT_SHIFT", "SET_BIT", "STRING_AGG", "STRING_SPLIT", "TRANSLATE", "TRIM", "UNISTR",
    };

    static readonly string[] ModuleSections =
    {
        "Purpose:", "Parameters:", "Results:", "Errors:", "Called by:", "Isolation:", "Example:",
    };

    static readonly string[] ViewSections = { "Answers:", "Columns:", "Cost:" };

    readonly string file;
    readonly string text;
    readonly List<Finding> findings = new List<Finding>();
    TSqlScript script;
    IList<TSqlParserToken> tokens;

    public string Name => file;

    /// Of a file that has been read and parses.
    public TSqlScript Tree => script;

    public Script(string file)
    {
        this.file = file;
        text = Substituted(File.ReadAllText(file));
    }

    public List<Finding> ParseFindings()
    {
        Parses();
        return findings;
    }

    public List<Finding> Findings()
    {
        if (!Parses())
            return findings;
        CheckTokens();
        CheckSetOptions();
        CheckDefinitions();
        var walk = new Walk(this);
        script.Accept(walk);
        return findings;
    }

    /// sqlcmd's variables replaced, its directives blanked; every line keeps its number.
    static string Substituted(string text)
    {
        var replaced = Regex.Replace(text, @"\$\((\w+)\)", match =>
            Variables.TryGetValue(match.Groups[1].Value, out var value) ? value : match.Groups[1].Value);
        return Regex.Replace(replaced, @"^:.*$", "", RegexOptions.Multiline);
    }

    bool Parses()
    {
        var parser = new TSql130Parser(true);
        var fragment = parser.Parse(new StringReader(text), out IList<ParseError> errors);
        foreach (var error in errors)
            Report(error.Line, Rules.Parse, error.Message);
        script = fragment as TSqlScript;
        if (errors.Count > 0 || script == null)
            return false;
        tokens = script.ScriptTokenStream;
        return true;
    }

    public void Report(int line, string rule, string message)
    {
        findings.Add(new Finding { File = file, Line = line, Rule = rule, Message = message });
    }

    public void Report(TSqlFragment at, string rule, string message)
    {
        Report(at.StartLine, rule, message);
    }

    void CheckTokens()
    {
        foreach (var token in tokens)
            if (token.IsKeyword() && token.Text != token.Text.ToUpperInvariant())
                Report(token.Line, Rules.KeywordCase, $"keyword {token.Text} must be upper case");
    }

    void CheckSetOptions()
    {
        var first = script.Batches.Count == 0 ? new List<TSqlStatement>() : script.Batches[0].Statements.ToList();
        var right = first.Count == 2
            && IsSet(first[0], SetOptions.AnsiNulls, true)
            && IsSet(first[1], SetOptions.QuotedIdentifier, true);
        if (!right)
            Report(1, Rules.SetOptions, "the first batch must be SET ANSI_NULLS ON; SET QUOTED_IDENTIFIER ON;");
    }

    public static bool IsSet(TSqlStatement statement, SetOptions option, bool on)
    {
        return statement is PredicateSetStatement set && set.Options == option && set.IsOn == on;
    }

    void CheckDefinitions()
    {
        var definitions = script.Batches.SelectMany(batch => batch.Statements).Where(IsDefinition).ToList();
        foreach (var definition in definitions)
            CheckDefinition(definition, definitions.Count);
    }

    static bool IsDefinition(TSqlStatement statement)
    {
        return statement is ProcedureStatementBody || statement is FunctionStatementBody || statement is ViewStatementBody
            || statement is TriggerStatementBody;
    }

    void CheckDefinition(TSqlStatement definition, int count)
    {
        if (!(definition is CreateOrAlterProcedureStatement || definition is CreateOrAlterFunctionStatement
            || definition is CreateOrAlterViewStatement || definition is CreateOrAlterTriggerStatement))
            Report(definition, Rules.CreateOrAlter, "write CREATE OR ALTER, which keeps grants and can be run again");
        var name = NameOf(definition);
        if (name?.SchemaIdentifier == null)
            Report(definition, Rules.SchemaQualified, $"{name?.BaseIdentifier.Value} has no schema");
        if (count > 1 || (name != null && name.BaseIdentifier.Value != Path.GetFileName(file).Split('.')[0] && !InBroken()))
            Report(definition, Rules.OneObject, $"{name?.BaseIdentifier.Value}: one object per file, named after it");
        CheckHeader(definition, definition is ViewStatementBody ? ViewSections : ModuleSections);
        if (definition is ProcedureStatementBody procedure)
            CheckProcedure(procedure);
    }

    // The procedure that fills the queue from the source.
    bool FillsQueue => InBroken() || Path.GetFileName(file) == "usp_EnqueueApps.sql";

    // Broken examples are named after the rule they break, not after what they create.
    bool InBroken()
    {
        return Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(file))) == "broken";
    }

    static SchemaObjectName NameOf(TSqlStatement definition)
    {
        if (definition is ProcedureStatementBody)
            return ((ProcedureStatementBody)definition).ProcedureReference.Name;
        if (definition is FunctionStatementBody)
            return ((FunctionStatementBody)definition).Name;
        if (definition is ViewStatementBody)
            return ((ViewStatementBody)definition).SchemaObjectName;
        return ((TriggerStatementBody)definition).Name;
    }

    /// The comment before the definition, in the same batch so that the server keeps it.
    string HeaderOf(TSqlStatement definition)
    {
        for (var i = definition.FirstTokenIndex - 1; i >= 0 && tokens[i].TokenType != TSqlTokenType.Go; i--)
            if (tokens[i].TokenType == TSqlTokenType.MultilineComment)
                return tokens[i].Text;
        return "";
    }

    void CheckHeader(TSqlStatement definition, string[] sections)
    {
        var header = HeaderOf(definition);
        var position = 0;
        foreach (var section in sections)
        {
            var match = new Regex("^" + Regex.Escape(section), RegexOptions.Multiline).Match(header, position);
            if (!match.Success)
            {
                Report(definition, Rules.Header, $"the comment before it has no section {section} in its place");
                return;
            }
            position = match.Index;
        }
        if (definition is ViewStatementBody)
            return;
        var listed = SectionOf(header, "Parameters:", "Results:");
        foreach (var parameter in ParametersOf(definition))
            if (!Regex.IsMatch(listed, Regex.Escape(parameter) + @"\b"))
                Report(definition, Rules.Header, $"section Parameters: does not say what {parameter} is");
    }

    static IEnumerable<string> ParametersOf(TSqlStatement definition)
    {
        return definition is ProcedureStatementBodyBase body
            ? body.Parameters.Select(parameter => parameter.VariableName.Value)
            : Enumerable.Empty<string>();
    }

    static string SectionOf(string header, string from, string to)
    {
        var start = header.IndexOf(from, StringComparison.Ordinal);
        var end = header.IndexOf(to, StringComparison.Ordinal);
        return start >= 0 && end > start ? header.Substring(start, end - start) : "";
    }

    void CheckProcedure(ProcedureStatementBody procedure)
    {
        CheckPrologue(procedure);
        var header = HeaderOf(procedure);
        var facts = new Facts();
        procedure.Accept(facts);
        if (facts.BeginsTransaction && !facts.RefusesCallersTransaction
            && !Regex.IsMatch(header, @"in\s+the\s+caller's\s+transaction"))
            Report(procedure, Rules.CallersTransaction, "begins a transaction: refuse with IF @@TRANCOUNT > 0 and THROW first, or say in the header that it runs in the caller's transaction");
        var errors = SectionOf(header, "Errors:", "Called by:");
        foreach (var thrown in facts.Thrown)
            if (!Regex.IsMatch(errors, @"\b" + thrown.Key + @"\b"))
                Report(thrown.Value, Rules.ErrorNumber, $"section Errors: does not list {thrown.Key}");
    }

    void CheckPrologue(ProcedureStatementBody procedure)
    {
        var body = Body(procedure);
        var right = body.Count >= 4
            && IsSet(body[0], SetOptions.NoCount, true)
            && IsSet(body[1], SetOptions.XactAbort, true)
            && IsSet(body[2], SetOptions.ImplicitTransactions, false)
            && body[3] is SetTransactionIsolationLevelStatement level
            && level.Level == IsolationLevel.ReadCommitted;
        if (!right)
            Report(procedure, Rules.Prologue, "must begin SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;");
    }

    static IList<TSqlStatement> Body(ProcedureStatementBody procedure)
    {
        var statements = procedure.StatementList.Statements;
        return statements.Count == 1 && statements[0] is BeginEndBlockStatement block ? block.StatementList.Statements : statements;
    }

    /// What a procedure does, wherever in it.
    sealed class Facts : TSqlFragmentVisitor
    {
        public bool BeginsTransaction;
        public bool RefusesCallersTransaction;
        public readonly Dictionary<string, ThrowStatement> Thrown = new Dictionary<string, ThrowStatement>();

        public override void Visit(BeginTransactionStatement node)
        {
            BeginsTransaction = true;
        }

        public override void Visit(IfStatement node)
        {
            var counts = node.Predicate is BooleanComparisonExpression comparison
                && comparison.FirstExpression is GlobalVariableExpression variable
                && string.Equals(variable.Name, "@@TRANCOUNT", StringComparison.OrdinalIgnoreCase);
            if (!counts || BeginsTransaction)
                return;
            var throws = new Facts();
            node.ThenStatement.Accept(throws);
            RefusesCallersTransaction |= throws.Thrown.Count > 0;
        }

        public override void Visit(ThrowStatement node)
        {
            if (node.ErrorNumber is Literal number)
                Thrown[number.Value] = node;
        }
    }

    /// What shows people status, failures and reports, and what that calls. usp_Reconcile looks at every id.
    static readonly Regex Shown = new Regex(@"^(vw_\w+|counts-log(\.\w+)?|usp_(GetStatus|GetReport|ListCauses|ListFailures|HealthCheck|ExplainApp)|ufn_(FailedApps|FailureCauses|StaleApps|RowsWritten))\.sql$");

    /// Of these, what shows how much is queued. usp_HealthCheck counts the queue if the catalog has another number.
    static readonly Regex ShownQueue = new Regex(@"^(vw_\w+|counts-queue(\.\w+)?|usp_(GetStatus|GetReport))\.sql$");

    /// The rules about single statements and references.
    sealed class Walk : TSqlFragmentVisitor
    {
        readonly Script file;
        readonly HashSet<string> ctes = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        readonly bool isMonitoring;
        readonly bool isShown;
        readonly bool isQueueShown;
        readonly HashSet<TSqlStatement> withoutVersions = new HashSet<TSqlStatement>();

        public Walk(Script file)
        {
            this.file = file;
            var writes = new Writes();
            file.script.Accept(writes);
            isMonitoring = writes.DefinesReader && !writes.Found;
            isShown = Shown.IsMatch(Path.GetFileName(file.file));
            isQueueShown = ShownQueue.IsMatch(Path.GetFileName(file.file));
        }

        // The sums are there so that nobody waits for a scan of millions of rows.
        public override void Visit(QuerySpecification node)
        {
            var found = new FindsItself();
            node.FromClause?.Accept(found);
            node.WhereClause?.Accept(found);
            if (found.ById != null)
                file.Report(found.ById, Rules.CurrentDatabase, "write d.name = DB_NAME(): in Azure SQL Database, sys.databases has another number than DB_ID()");
            foreach (var queue in isQueueShown ? QueueCounts.Unbounded(node) : new List<NamedTableReference>())
                file.Report(queue, Rules.CountsQueue, "counts all that is ready: read processing_outcome, and count what is claimed or quarantined");
            foreach (var log in isShown ? LogReads.Unbounded(node) : new List<NamedTableReference>())
                file.Report(log, Rules.CountsLog, "reads all of it: seek a key or the failed part, or read processing_outcome or processing_written");
        }

        public override void Visit(CommonTableExpression node)
        {
            ctes.Add(node.ExpressionName.Value);
        }

        public override void Visit(SelectStarExpression node)
        {
            file.Report(node, Rules.SelectStar, "name the columns");
        }

        public override void Visit(MergeStatement node)
        {
            file.Report(node, Rules.Merge, "write UPDATE and INSERT");
        }

        public override void Visit(UpdateSpecification node)
        {
            CheckTarget(node.Target, node.FromClause);
        }

        public override void Visit(DeleteSpecification node)
        {
            CheckTarget(node.Target, node.FromClause);
        }

        void CheckTarget(TableReference target, FromClause from)
        {
            if (!(target is NamedTableReference named) || named.SchemaObject.SchemaIdentifier != null)
                return;
            var name = named.SchemaObject.BaseIdentifier.Value;
            if (ctes.Contains(name))
                file.Report(target, Rules.UpdatableCte, $"{name} is a common table expression: pick the keys first, then change the table by key");
            else if (from != null && !name.StartsWith("#"))
                file.Report(target, Rules.AliasTarget, $"{name} is an alias: name the table");
        }

        public override void Visit(InsertSpecification node)
        {
            if (node.Columns.Count == 0)
                file.Report(node, Rules.InsertColumns, "name the columns that are inserted into");
        }

        public override void Visit(NamedTableReference node)
        {
            CheckHints(node);
            var name = node.SchemaObject.BaseIdentifier.Value;
            var free = name.StartsWith("#") || ctes.Contains(name)
                || name.Equals("inserted", StringComparison.OrdinalIgnoreCase)
                || name.Equals("deleted", StringComparison.OrdinalIgnoreCase);
            if (node.SchemaObject.SchemaIdentifier == null && !free && !IsAliasTarget(node))
                file.Report(node, Rules.SchemaQualified, $"{name} has no schema");
        }

        // Reported as alias-target.
        bool IsAliasTarget(NamedTableReference node)
        {
            return file.findings.Any(finding => finding.Rule == Rules.AliasTarget && finding.Line == node.StartLine);
        }

        void CheckHints(NamedTableReference node)
        {
            var kinds = node.TableHints.Select(hint => hint.HintKind).ToList();
            // Monitoring must not wait for the completion that it looks for.
            var isMonitored = node.SchemaObject.BaseIdentifier.Value == "processing_claim"
                || node.SchemaObject.BaseIdentifier.Value == "processing_session";
            if (isMonitored && isMonitoring && !kinds.Contains(TableHintKind.NoLock))
                file.Report(node, Rules.MonitoringWaits, "write WITH (NOLOCK): monitoring does not wait for the completion that it looks for");
            if ((kinds.Contains(TableHintKind.NoLock) && !isMonitored)
                || kinds.Contains(TableHintKind.ReadUncommitted))
                file.Report(node, Rules.DirtyRead, "reads what may be rolled back");
            if (kinds.Contains(TableHintKind.ReadPast) && !kinds.Contains(TableHintKind.ReadCommittedLock))
                file.Report(node, Rules.ReadPast, "READPAST needs READCOMMITTEDLOCK: without it RCSI reads old versions");
            var enqueues = file.FillsQueue && node.SchemaObject.BaseIdentifier.Value == "app_xml";
            if (enqueues && !kinds.Contains(TableHintKind.ReadCommittedLock))
                file.Report(node, Rules.SourceRead, "enqueueing reads the source WITH (READCOMMITTEDLOCK): a row that it does not see is forgotten");
        }

        public override void Visit(OptimizerHint node)
        {
            if (node.HintKind == OptimizerHintKind.KeepFixedPlan || node.HintKind == OptimizerHintKind.KeepPlan)
                file.Report(node, Rules.PinnedPlan, "a plan compiled against an empty table must be free to go");
        }

        // Without row versions, monitoring reads what may be rolled back rather than wait.
        public override void Visit(IfStatement node)
        {
            var predicate = node.ScriptTokenStream.Skip(node.Predicate.FirstTokenIndex)
                .Take(node.Predicate.LastTokenIndex - node.Predicate.FirstTokenIndex + 1);
            if (isMonitoring && predicate.Any(token => token.Text == "is_read_committed_snapshot_on"))
                withoutVersions.Add(node.ThenStatement);
        }

        public override void Visit(SetTransactionIsolationLevelStatement node)
        {
            if (node.Level == IsolationLevel.ReadUncommitted && !withoutVersions.Contains(node))
                file.Report(node, Rules.DirtyRead, "reads what may be rolled back");
        }

        public override void Visit(SchemaObjectFunctionTableReference node)
        {
            CheckFunction(node, node.SchemaObject.BaseIdentifier.Value);
            if (node.SchemaObject.SchemaIdentifier == null && !NewerFunctions.Contains(node.SchemaObject.BaseIdentifier.Value))
                file.Report(node, Rules.SchemaQualified, $"{node.SchemaObject.BaseIdentifier.Value} has no schema");
        }

        public override void Visit(GlobalFunctionTableReference node)
        {
            CheckFunction(node, node.Name.Value);
        }

        public override void Visit(OpenJsonTableReference node)
        {
            CheckFunction(node, "OPENJSON");
        }

        public override void Visit(FunctionCall node)
        {
            if (node.CallTarget == null)
                CheckFunction(node, node.FunctionName.Value);
        }

        void CheckFunction(TSqlFragment node, string name)
        {
            if (NewerFunctions.Contains(name))
                file.Report(node, Rules.NewerFunction, $"{name} needs more than SQL Server 2016 at any compatibility level");
        }

        public override void Visit(ExecutableProcedureReference node)
        {
            var name = node.ProcedureReference?.ProcedureReference?.Name;
            if (name != null && name.SchemaIdentifier == null)
                file.Report(node, Rules.SchemaQualified, $"{name.BaseIdentifier.Value} has no schema");
            // A session's lock stays after an attention, which no CATCH sees.
            if (name?.BaseIdentifier.Value == "sp_getapplock" && !node.Parameters.Any(IsTransactionOwner))
                file.Report(node, Rules.SessionLock, "write @LockOwner = 'Transaction'");
        }

        static bool IsTransactionOwner(ExecuteParameter parameter)
        {
            return parameter.Variable?.Name == "@LockOwner" && parameter.ParameterValue is StringLiteral owner
                && owner.Value == "Transaction";
        }

        public override void Visit(CreateTableStatement node)
        {
            var name = node.SchemaObjectName.BaseIdentifier.Value;
            if (!name.StartsWith("#") && node.SchemaObjectName.SchemaIdentifier == null)
                file.Report(node, Rules.SchemaQualified, $"{name} has no schema");
            foreach (var key in node.Definition.TableConstraints.OfType<UniqueConstraintDefinition>())
                CheckIndex(name, key, key.IndexOptions);
        }

        public override void Visit(CreateIndexStatement node)
        {
            CheckIndex(node.OnName.BaseIdentifier.Value, node, node.IndexOptions);
        }

        // READPAST reads the queue and the claims only; what has no page locks cannot be reorganized.
        void CheckIndex(string table, TSqlFragment index, IEnumerable<IndexOption> options)
        {
            if (file.file.Contains("migrations"))
                return;
            var isRead = table == "processing_queue" || table == "processing_claim";
            if (StateOf(options, IndexOptionKind.AllowPageLocks, OptionState.Off) != isRead)
                file.Report(index, Rules.PageLocks, "page locks are off on queue and claim, and only there");
            // Sampling a table that is empty at one time and full at another makes a claim wait.
            if (table == "processing_queue" && !StateOf(options, IndexOptionKind.StatisticsNoRecompute, OptionState.On))
                file.Report(index, Rules.VolatileStatistics, "write STATISTICS_NORECOMPUTE = ON on the queue");
        }

        static bool StateOf(IEnumerable<IndexOption> options, IndexOptionKind kind, OptionState state)
        {
            return options.OfType<IndexStateOption>().Any(option => option.OptionKind == kind && option.OptionState == state);
        }

        // The check of a key between tables that one procedure fills in one transaction reads the rows of
        // other workers, and waits for them.
        public override void Visit(ForeignKeyConstraintDefinition node)
        {
            var hot = Path.GetFileName(file.file) != "processing_contract_table.sql" && !file.file.Contains("migrations");
            if (hot && node.ReferenceTableName.BaseIdentifier.Value.StartsWith("processing_"))
                file.Report(node, Rules.OwnForeignKey, "no foreign keys among the tables of the log");
        }

        public override void Visit(DropTableStatement node)
        {
            if (!node.Objects.All(table => table.BaseIdentifier.Value.StartsWith("#")))
                file.Report(node, Rules.TableGuard, "tables are altered forward, never dropped");
        }

        public override void Visit(TSqlBatch node)
        {
            foreach (var create in node.Statements.OfType<CreateTableStatement>())
                if (!create.SchemaObjectName.BaseIdentifier.Value.StartsWith("#"))
                    file.Report(create, Rules.TableGuard, "create a table only where OBJECT_ID(…) IS NULL");
        }

        public override void Visit(TryCatchStatement node)
        {
            var begins = new Facts();
            node.TryStatements.Accept(begins);
            if (begins.BeginsTransaction)
                CheckCatch(node);
            CheckSemicolon(node);
        }

        void CheckCatch(TryCatchStatement node)
        {
            var first = node.CatchStatements.Statements.FirstOrDefault() as IfStatement;
            var rollsBack = first != null
                && first.Predicate is BooleanComparisonExpression comparison
                && comparison.FirstExpression is FunctionCall call
                && call.FunctionName.Value == "XACT_STATE";
            var rethrows = new Rethrows();
            node.CatchStatements.Accept(rethrows);
            if (!rollsBack || !rethrows.Found)
                file.Report(node, Rules.TryCatch, "a CATCH after BEGIN TRANSACTION must begin IF XACT_STATE() <> 0 and roll back, and must THROW");
        }

        public override void Visit(ProcedureStatementBody node)
        {
            var guarded = new Guarded();
            node.Accept(guarded);
            foreach (var begin in guarded.Unguarded())
                file.Report(begin, Rules.TryCatch, "BEGIN TRANSACTION must be inside BEGIN TRY");
            var order = new SumsOrder();
            node.Accept(order);
            foreach (var late in order.Late())
                file.Report(late, Rules.SumsLast, "locks a table after usp_AddSums, for whose lock others wait: do it before");
        }

        public override void Visit(TSqlStatement node)
        {
            if (!(node is TryCatchStatement))
                CheckSemicolon(node);
        }

        // A definition ends with its body; a block before ELSE cannot have a semicolon. The parser
        // ends a table with an inline index one parenthesis too early.
        void CheckSemicolon(TSqlStatement node)
        {
            if (IsDefinition(node))
                return;
            var last = node.LastTokenIndex;
            if (file.tokens[last].TokenType == TSqlTokenType.Semicolon)
                return;
            var next = last + 1;
            while (next < file.tokens.Count && IsSkipped(file.tokens[next].TokenType))
                next++;
            var after = next < file.tokens.Count ? file.tokens[next].TokenType : TSqlTokenType.EndOfFile;
            if (after != TSqlTokenType.Semicolon && after != TSqlTokenType.Else)
                file.Report(file.tokens[last].Line, Rules.Semicolon, "the statement that ends here has no semicolon");
        }

        static bool IsSkipped(TSqlTokenType type)
        {
            return type == TSqlTokenType.WhiteSpace || type == TSqlTokenType.SingleLineComment
                || type == TSqlTokenType.MultilineComment || type == TSqlTokenType.RightParenthesis;
        }
    }

    /// A condition that finds the current database in sys.databases by its number.
    sealed class FindsItself : TSqlFragmentVisitor
    {
        bool readsDatabases;
        BooleanComparisonExpression byId;

        public BooleanComparisonExpression ById => readsDatabases ? byId : null;

        public override void Visit(NamedTableReference node)
        {
            readsDatabases |= node.SchemaObject.BaseIdentifier.Value == "databases";
        }

        public override void Visit(BooleanComparisonExpression node)
        {
            var calls = new[] { node.FirstExpression, node.SecondExpression }.OfType<FunctionCall>();
            if (node.ComparisonType == BooleanComparisonType.Equals && calls.Any(call => call.FunctionName.Value == "DB_ID"))
                byId = node;
        }
    }

    /// Whether a view or a procedure that only reads is defined.
    sealed class Writes : TSqlFragmentVisitor
    {
        public bool DefinesReader;
        public bool Found;

        public override void Visit(ViewStatementBody node)
        {
            DefinesReader = true;
        }

        public override void Visit(ProcedureStatementBody node)
        {
            DefinesReader = true;
        }

        public override void Visit(BeginTransactionStatement node)
        {
            Found = true;
        }

        public override void Visit(DataModificationSpecification node)
        {
            Found |= node.Target is NamedTableReference target && target.SchemaObject.SchemaIdentifier != null;
        }
    }

    sealed class Rethrows : TSqlFragmentVisitor
    {
        public bool Found;

        public override void Visit(ThrowStatement node)
        {
            Found = true;
        }
    }

    /// What is locked between usp_AddSums and the commit.
    sealed class SumsOrder : TSqlFragmentVisitor
    {
        readonly List<int> sums = new List<int>();
        readonly List<int> commits = new List<int>();
        readonly List<NamedTableReference> tables = new List<NamedTableReference>();

        public override void Visit(ExecutableProcedureReference node)
        {
            if (node.ProcedureReference?.ProcedureReference?.Name?.BaseIdentifier.Value == "usp_AddSums")
                sums.Add(node.StartOffset);
        }

        public override void Visit(CommitTransactionStatement node)
        {
            commits.Add(node.StartOffset);
        }

        public override void Visit(NamedTableReference node)
        {
            if (node.SchemaObject.SchemaIdentifier != null)
                tables.Add(node);
        }

        public IEnumerable<NamedTableReference> Late()
        {
            return sums.SelectMany(sum =>
            {
                var end = commits.Where(commit => commit > sum).DefaultIfEmpty(int.MaxValue).Min();
                return tables.Where(table => table.StartOffset > sum && table.StartOffset < end);
            });
        }
    }

    /// Transactions that begin, and those of them that a TRY guards.
    sealed class Guarded : TSqlFragmentVisitor
    {
        readonly List<BeginTransactionStatement> all = new List<BeginTransactionStatement>();
        readonly HashSet<BeginTransactionStatement> guarded = new HashSet<BeginTransactionStatement>();

        public override void Visit(BeginTransactionStatement node)
        {
            all.Add(node);
        }

        public override void Visit(TryCatchStatement node)
        {
            var inside = new Guarded();
            node.TryStatements.Accept(inside);
            guarded.UnionWith(inside.all);
        }

        public IEnumerable<BeginTransactionStatement> Unguarded()
        {
            return all.Where(begin => !guarded.Contains(begin));
        }
    }
}
