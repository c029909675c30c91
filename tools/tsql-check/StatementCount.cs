// How many statements a server executes for a batch: those that read or change a table, on the way that a
// batch takes when nothing is refused, repeated or wrong. What is off that way: a CATCH; an IF whose THEN ends in
// THROW; and what follows a comment that begins with "Seldom:", of an IF or a WHILE all but its condition. A WHILE
// counts once.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.SqlServer.TransactSql.ScriptDom;

static class StatementCount
{
    const string Seldom = "-- Seldom:";

    // Generated: a block of usp_LoadApps for a table that has rows.
    const string PerTable = "@has_rows_";

    sealed class Counter
    {
        readonly Dictionary<string, ProcedureStatementBody> procedures;
        public int PerTableMost;

        public Counter(Dictionary<string, ProcedureStatementBody> procedures)
        {
            this.procedures = procedures;
        }

        public int Of(string name)
        {
            return procedures.TryGetValue(name, out var body) ? Of(body.StatementList.Statements) : 0;
        }

        int Of(IEnumerable<TSqlStatement> statements)
        {
            return statements.Sum(Of);
        }

        int Of(TSqlStatement statement)
        {
            if (statement == null || statement is DeclareTableVariableStatement)
                return 0;
            if (statement is BeginEndBlockStatement block)
                return Of(block.StatementList.Statements);
            if (statement is TryCatchStatement guarded)
                return Of(guarded.TryStatements.Statements);
            if (statement is WhileStatement loop)
                return Reads(loop.Predicate) + (IsSeldom(loop) ? 0 : Of(loop.Statement));
            if (statement is IfStatement choice)
                return OfChoice(choice);
            if (IsSeldom(statement))
                return 0;
            return statement is ExecuteStatement execute ? OfCall(execute) : Reads(statement);
        }

        int OfChoice(IfStatement choice)
        {
            var then = IsSeldom(choice) || Ends(choice.ThenStatement) ? 0 : Of(choice.ThenStatement);
            if (Text(choice.Predicate).StartsWith(PerTable, StringComparison.Ordinal))
            {
                PerTableMost = Math.Max(PerTableMost, then);
                return 0;
            }
            return Reads(choice.Predicate) + Math.Max(then, Of(choice.ElseStatement));
        }

        int OfCall(ExecuteStatement execute)
        {
            var called = execute.ExecuteSpecification.ExecutableEntity as ExecutableProcedureReference;
            var name = called?.ProcedureReference?.ProcedureReference?.Name;
            return name == null ? 1 : Of(name.BaseIdentifier.Value);
        }

        static bool Ends(TSqlStatement then)
        {
            while (then is BeginEndBlockStatement block)
                then = block.StatementList.Statements.Last();
            return then is ThrowStatement;
        }

        static int Reads(TSqlFragment fragment)
        {
            var tables = new Tables();
            fragment.Accept(tables);
            return tables.Found ? 1 : 0;
        }

        static string Text(TSqlFragment fragment)
        {
            return string.Concat(fragment.ScriptTokenStream.Skip(fragment.FirstTokenIndex)
                .Take(fragment.LastTokenIndex - fragment.FirstTokenIndex + 1).Select(token => token.Text));
        }

        // In the comment right before it.
        static bool IsSeldom(TSqlStatement statement)
        {
            for (var at = statement.FirstTokenIndex - 1; at >= 0; at--)
            {
                var token = statement.ScriptTokenStream[at];
                if (token.TokenType == TSqlTokenType.SingleLineComment && token.Text.StartsWith(Seldom, StringComparison.Ordinal))
                    return true;
                if (token.TokenType != TSqlTokenType.WhiteSpace && token.TokenType != TSqlTokenType.SingleLineComment)
                    return false;
            }
            return false;
        }
    }

    /// Whether a table is read or changed, here or by a function that is called here.
    sealed class Tables : TSqlFragmentVisitor
    {
        public bool Found;

        public override void Visit(TableReferenceWithAlias node)
        {
            Found = true;
        }

        public override void Visit(FunctionCall node)
        {
            Found |= node.CallTarget != null;
        }

        public override void Visit(CreateTableStatement node)
        {
            Found = true;
        }

        public override void Visit(TruncateTableStatement node)
        {
            Found = true;
        }
    }

    /// Compares with the committed numbers: a name, the statements, and for usp_LoadApps those of a table with rows.
    public static int Check(string numbers, IEnumerable<Script> scripts)
    {
        var procedures = new Dictionary<string, ProcedureStatementBody>();
        foreach (var script in scripts)
        {
            script.ParseFindings();
            foreach (var body in script.Tree.Batches.SelectMany(batch => batch.Statements).OfType<ProcedureStatementBody>())
                procedures[body.ProcedureReference.Name.BaseIdentifier.Value] = body;
        }
        var wrong = 0;
        foreach (var line in File.ReadAllLines(numbers).Where(line => line.Length > 0 && !line.StartsWith("#")))
        {
            var counter = new Counter(procedures);
            var name = line.Split(' ')[0];
            var count = counter.Of(name);
            var found = counter.PerTableMost > 0 ? $"{name} {count} + {counter.PerTableMost}" : $"{name} {count}";
            Console.WriteLine($"statements: {found}");
            if (procedures.ContainsKey(name) && found == line)
                continue;
            wrong++;
            Console.WriteLine($"{numbers}: {line}, but the syntax tree has {found}");
        }
        return wrong == 0 ? 0 : 1;
    }
}
