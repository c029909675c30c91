// What shows people status, failures or a report reads a bounded part of the log: a query that would read all of
// it is found here.

using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.SqlServer.TransactSql.ScriptDom;

/// The log tables of one query, without those of its subqueries, and by which conditions each is read.
sealed class LogReads
{
    static readonly string[] Tables = { "processing_log", "processing_log_table" };
    // Each has an index that begins with it.
    static readonly string[] Keys = { "app_id", "claim_token" };

    readonly QuerySpecification query;
    readonly Dictionary<string, NamedTableReference> logs =
        new Dictionary<string, NamedTableReference>(StringComparer.OrdinalIgnoreCase);
    readonly List<BooleanComparisonExpression> conditions = new List<BooleanComparisonExpression>();

    LogReads(QuerySpecification query)
    {
        this.query = query;
        foreach (var table in query.FromClause?.TableReferences ?? new List<TableReference>())
            Add(table);
        Add(query.WhereClause?.SearchCondition);
    }

    /// The references that nothing bounds: neither a key, nor the failed part, nor so many from an end.
    public static IEnumerable<NamedTableReference> Unbounded(QuerySpecification query)
    {
        var reads = new LogReads(query);
        var bounded = new HashSet<string>(reads.logs.Keys.Where(reads.IsPart), StringComparer.OrdinalIgnoreCase);
        for (var before = -1; before < bounded.Count;)
        {
            before = bounded.Count;
            bounded.UnionWith(reads.logs.Keys.Where(alias => reads.IsSought(alias, bounded)).ToList());
        }
        return reads.logs.Where(log => !bounded.Contains(log.Key)).Select(log => log.Value);
    }

    void Add(TableReference table)
    {
        if (table is JoinParenthesisTableReference inner)
            Add(inner.Join);
        if (table is JoinTableReference join)
        {
            Add(join.FirstTableReference);
            Add(join.SecondTableReference);
        }
        if (table is QualifiedJoin qualified)
            Add(qualified.SearchCondition);
        if (table is NamedTableReference named && Tables.Contains(named.SchemaObject.BaseIdentifier.Value))
            logs[named.Alias?.Value ?? named.SchemaObject.BaseIdentifier.Value] = named;
    }

    // What is joined by OR bounds nothing.
    void Add(BooleanExpression condition)
    {
        if (condition is BooleanParenthesisExpression inner)
            Add(inner.Expression);
        if (condition is BooleanBinaryExpression both && both.BinaryExpressionType == BooleanBinaryExpressionType.And)
        {
            Add(both.FirstExpression);
            Add(both.SecondExpression);
        }
        if (condition is BooleanComparisonExpression comparison)
            conditions.Add(comparison);
    }

    /// The failed part, or so many from the end of an index.
    bool IsPart(string alias)
    {
        var status = Compared(alias, "status", BooleanComparisonType.Equals).ToList();
        var isFailed = status.Any(other => other is StringLiteral literal && literal.Value == "failed");
        var first = query.OrderByClause?.OrderByElements.First().Expression as ColumnReferenceExpression;
        var isOrdered = first != null && query.TopRowFilter != null && status.Count > 0 && IsColumn(first, alias, "processed_at_utc");
        return isFailed || isOrdered;
    }

    /// By a key that comes from a value, another table, or a log table that is bounded.
    bool IsSought(string alias, HashSet<string> bounded)
    {
        var others = Keys.SelectMany(key => Compared(alias, key, BooleanComparisonType.Equals));
        return others.Any(other =>
            !(other is ColumnReferenceExpression column) || !logs.ContainsKey(Qualifier(column)) || bounded.Contains(Qualifier(column)));
    }

    /// What a column is compared with.
    IEnumerable<ScalarExpression> Compared(string alias, string column, BooleanComparisonType type)
    {
        foreach (var condition in conditions.Where(condition => condition.ComparisonType == type))
        {
            if (IsColumn(condition.FirstExpression, alias, column))
                yield return condition.SecondExpression;
            if (IsColumn(condition.SecondExpression, alias, column))
                yield return condition.FirstExpression;
        }
    }

    static bool IsColumn(ScalarExpression expression, string alias, string column)
    {
        return expression is ColumnReferenceExpression reference
            && string.Equals(Qualifier(reference), alias, StringComparison.OrdinalIgnoreCase)
            && reference.MultiPartIdentifier.Identifiers.Last().Value == column;
    }

    static string Qualifier(ColumnReferenceExpression column)
    {
        var parts = column.MultiPartIdentifier?.Identifiers;
        return parts == null || parts.Count < 2 ? "" : parts[parts.Count - 2].Value;
    }
}
