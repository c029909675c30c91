SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The stage, one table per target table; the worker makes these once per connection, after
sql/session_tables.sql, by a batch of its own.
*/
CREATE TABLE #stage_app_base
(
    __app_id bigint NULL,
    __row int NULL,
    [app_id] int NULL,
    [received] datetime2(3) NULL,
    [income] decimal(12, 2) NULL
);

CREATE CLUSTERED INDEX [IX_stage_app_base] ON #stage_app_base (__app_id, __row);

CREATE TABLE #stage_app_contact
(
    __app_id bigint NULL,
    __row int NULL,
    [con_id] int NULL,
    [app_id] int NULL,
    [first_name] nvarchar(max) COLLATE DATABASE_DEFAULT NULL
);

CREATE CLUSTERED INDEX [IX_stage_app_contact] ON #stage_app_contact (__app_id, __row);
GO
