// What shows people how much is queued does not count it: a query that counts all of the queue, or all that is ready,
// is found here. What is claimed or quarantined is little, and a share has no sum.

using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.SqlServer.TransactSql.ScriptDom;

/// The functions that count in the columns of one query, without those of its subqueries.
sealed class QueueCounts : TSqlFragmentVisitor
{
    static readonly string[] Functions = { "COUNT", "COUNT_BIG", "SUM" };

    bool found;

    /// The references to the queue of a query that counts them, if no condition but that they are ready bounds it.
    public static IEnumerable<NamedTableReference> Unbounded(QuerySpecification query)
    {
        var queues = (query.FromClause?.TableReferences ?? new List<TableReference>())
            .OfType<NamedTableReference>()
            .Where(table => table.SchemaObject.BaseIdentifier.Value == "processing_queue")
            .ToList();
        if (queues.Count == 0 || !Conditions(query.WhereClause?.SearchCondition).All(IsReady))
            return new List<NamedTableReference>();
        var counts = new QueueCounts();
        foreach (var column in query.SelectElements)
            column.Accept(counts);
        return counts.found ? queues : new List<NamedTableReference>();
    }

    static IEnumerable<BooleanExpression> Conditions(BooleanExpression condition)
    {
        if (condition is BooleanBinaryExpression both && both.BinaryExpressionType == BooleanBinaryExpressionType.And)
            return Conditions(both.FirstExpression).Concat(Conditions(both.SecondExpression));
        return condition == null ? new BooleanExpression[0] : new[] { condition };
    }

    static bool IsReady(BooleanExpression condition)
    {
        return condition is BooleanComparisonExpression comparison
            && comparison.ComparisonType == BooleanComparisonType.Equals
            && comparison.FirstExpression is ColumnReferenceExpression column
            && column.MultiPartIdentifier.Identifiers.Last().Value == "state"
            // A state that is in another table may be 0.
            && (comparison.SecondExpression is ColumnReferenceExpression
                || (comparison.SecondExpression is IntegerLiteral literal && literal.Value == "0"));
    }

    public override void Visit(FunctionCall node)
    {
        found = found || Functions.Contains(node.FunctionName.Value, StringComparer.OrdinalIgnoreCase);
    }

    // Another query, which is looked at by itself.
    public override void ExplicitVisit(ScalarSubquery node)
    {
    }
}
