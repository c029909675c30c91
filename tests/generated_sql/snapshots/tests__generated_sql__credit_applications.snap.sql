SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
IF OBJECT_ID(N'[sandbox].[app_base]', N'U') IS NULL
BEGIN
    CREATE TABLE [sandbox].[app_base]
    (
        [app_id] int NOT NULL,
        [app_guid] uniqueidentifier NULL,
        [receive_date] datetime2(3) NOT NULL,
        [received_offset] datetimeoffset(0) NULL,
        [entry_date] date NULL,
        [entry_time] time(0) NULL,
        [decided_at] datetime NULL,
        [booked_at] smalldatetime NULL,
        [days_to_decide] int NULL,
        [channel] tinyint NOT NULL,
        [decision] smallint NULL,
        [status] char(1) NULL,
        [requested_amount] decimal(12,2) NULL,
        [total_income] money NULL,
        [debt_ratio] decimal(9,4) NULL,
        [risk_probability] real NULL,
        [model_margin] float NULL,
        [dealer_number] bigint NULL,
        [dealer_region] nchar(3) NULL,
        [is_joint] bit NULL,
        [is_employee] bit NULL,
        [has_fraud_alert] bit NULL,
        [contact_count] tinyint NULL,
        [primary_con_id] int NULL,
        [alerts] varchar(200) NULL,
        [campaign] nvarchar(12) NULL,
        [comments] nvarchar(max) NULL,
        [loaded_at] datetime2(3) NULL,
        CONSTRAINT [PK_app_base] PRIMARY KEY CLUSTERED ([app_id])
    );
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'app_guid'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [app_guid] uniqueidentifier NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'received_offset'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [received_offset] datetimeoffset(0) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'entry_date'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [entry_date] date NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'entry_time'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [entry_time] time(0) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'decided_at'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [decided_at] datetime NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'booked_at'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [booked_at] smalldatetime NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'days_to_decide'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [days_to_decide] int NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'decision'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [decision] smallint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'status'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [status] char(1) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'requested_amount'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [requested_amount] decimal(12,2) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'total_income'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [total_income] money NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'debt_ratio'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [debt_ratio] decimal(9,4) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'risk_probability'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [risk_probability] real NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'model_margin'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [model_margin] float NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'dealer_number'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [dealer_number] bigint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'dealer_region'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [dealer_region] nchar(3) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'is_joint'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [is_joint] bit NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'is_employee'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [is_employee] bit NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'has_fraud_alert'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [has_fraud_alert] bit NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'contact_count'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [contact_count] tinyint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'primary_con_id'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [primary_con_id] int NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'alerts'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [alerts] varchar(200) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'campaign'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [campaign] nvarchar(12) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'comments'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [comments] nvarchar(max) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_base]')
        AND c.name = N'loaded_at'
)
BEGIN
    ALTER TABLE [sandbox].[app_base] ADD [loaded_at] datetime2(3) NULL;
END;
GO
IF OBJECT_ID(N'[sandbox].[app_pricing]', N'U') IS NULL
BEGIN
    CREATE TABLE [sandbox].[app_pricing]
    (
        [app_id] int NOT NULL,
        [product_code] varchar(10) NOT NULL,
        [term_months] smallint NULL,
        [amount_financed] decimal(12,2) NOT NULL,
        [cash_down] decimal(12,2) NULL,
        [trade_in] decimal(12,2) NULL,
        [buy_rate] decimal(7,5) NULL,
        [contract_rate] decimal(7,5) NULL,
        [rate_markup] decimal(7,5) NULL,
        [monthly_payment] money NULL,
        [loan_to_value] decimal(6,3) NULL,
        [first_payment] date NULL,
        [contract_date] date NULL,
        [tier] tinyint NULL,
        [gap_sold] bit NULL,
        CONSTRAINT [PK_app_pricing] PRIMARY KEY CLUSTERED ([app_id]),
        CONSTRAINT [FK_app_pricing_app_base] FOREIGN KEY ([app_id])
            REFERENCES [sandbox].[app_base] ([app_id])
    );
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'term_months'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [term_months] smallint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'cash_down'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [cash_down] decimal(12,2) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'trade_in'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [trade_in] decimal(12,2) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'buy_rate'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [buy_rate] decimal(7,5) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'contract_rate'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [contract_rate] decimal(7,5) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'rate_markup'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [rate_markup] decimal(7,5) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'monthly_payment'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [monthly_payment] money NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'loan_to_value'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [loan_to_value] decimal(6,3) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'first_payment'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [first_payment] date NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'contract_date'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [contract_date] date NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'tier'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [tier] tinyint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_pricing]')
        AND c.name = N'gap_sold'
)
BEGIN
    ALTER TABLE [sandbox].[app_pricing] ADD [gap_sold] bit NULL;
END;
GO
IF OBJECT_ID(N'[sandbox].[app_collateral]', N'U') IS NULL
BEGIN
    CREATE TABLE [sandbox].[app_collateral]
    (
        [app_id] int NOT NULL,
        [slot] tinyint NOT NULL,
        [vin] char(17) NULL,
        [make] nvarchar(30) NULL,
        [model_year] smallint NULL,
        [mileage] int NULL,
        [wholesale_value] decimal(12,2) NULL,
        [is_new] bit NULL,
        CONSTRAINT [PK_app_collateral] PRIMARY KEY CLUSTERED ([app_id], [slot]),
        CONSTRAINT [FK_app_collateral_app_base] FOREIGN KEY ([app_id])
            REFERENCES [sandbox].[app_base] ([app_id])
    );
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_collateral]')
        AND c.name = N'vin'
)
BEGIN
    ALTER TABLE [sandbox].[app_collateral] ADD [vin] char(17) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_collateral]')
        AND c.name = N'make'
)
BEGIN
    ALTER TABLE [sandbox].[app_collateral] ADD [make] nvarchar(30) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_collateral]')
        AND c.name = N'model_year'
)
BEGIN
    ALTER TABLE [sandbox].[app_collateral] ADD [model_year] smallint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_collateral]')
        AND c.name = N'mileage'
)
BEGIN
    ALTER TABLE [sandbox].[app_collateral] ADD [mileage] int NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_collateral]')
        AND c.name = N'wholesale_value'
)
BEGIN
    ALTER TABLE [sandbox].[app_collateral] ADD [wholesale_value] decimal(12,2) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_collateral]')
        AND c.name = N'is_new'
)
BEGIN
    ALTER TABLE [sandbox].[app_collateral] ADD [is_new] bit NULL;
END;
GO
IF OBJECT_ID(N'[sandbox].[app_contact]', N'U') IS NULL
BEGIN
    CREATE TABLE [sandbox].[app_contact]
    (
        [con_id] int NOT NULL,
        [app_id] int NOT NULL,
        [role] smallint NOT NULL,
        [first_name] nvarchar(50) NULL,
        [last_name] nvarchar(50) NULL,
        [display_name] nvarchar(110) NULL,
        [suffix] varchar(6) NULL,
        [birth_date] date NULL,
        [ssn] char(9) NULL,
        [home_phone] varchar(15) NULL,
        [email] nvarchar(100) NULL,
        [current_zip] char(5) NULL,
        [monthly_income] decimal(12,2) NULL,
        [dependents] tinyint NULL,
        [privacy_optout] bit NULL,
        CONSTRAINT [PK_app_contact] PRIMARY KEY CLUSTERED ([con_id]),
        CONSTRAINT [FK_app_contact_app_base] FOREIGN KEY ([app_id])
            REFERENCES [sandbox].[app_base] ([app_id])
    );

    CREATE NONCLUSTERED INDEX [IX_app_contact_app_id] ON [sandbox].[app_contact] ([app_id]);
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'first_name'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [first_name] nvarchar(50) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'last_name'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [last_name] nvarchar(50) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'display_name'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [display_name] nvarchar(110) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'suffix'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [suffix] varchar(6) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'birth_date'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [birth_date] date NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'ssn'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [ssn] char(9) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'home_phone'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [home_phone] varchar(15) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'email'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [email] nvarchar(100) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'current_zip'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [current_zip] char(5) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'monthly_income'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [monthly_income] decimal(12,2) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'dependents'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [dependents] tinyint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_contact]')
        AND c.name = N'privacy_optout'
)
BEGIN
    ALTER TABLE [sandbox].[app_contact] ADD [privacy_optout] bit NULL;
END;
GO
IF OBJECT_ID(N'[sandbox].[contact_address]', N'U') IS NULL
BEGIN
    CREATE TABLE [sandbox].[contact_address]
    (
        [con_id] int NOT NULL,
        [app_id] int NOT NULL,
        [address_type] tinyint NOT NULL,
        [street] nvarchar(100) NULL,
        [city] nvarchar(40) NULL,
        [state] char(2) NULL,
        [zip] varchar(9) NULL,
        [residence] varchar(20) NULL,
        [months_there] smallint NULL,
        [monthly_housing] decimal(10,2) NULL,
        CONSTRAINT [PK_contact_address] PRIMARY KEY CLUSTERED ([con_id], [address_type]),
        CONSTRAINT [FK_contact_address_app_contact] FOREIGN KEY ([con_id])
            REFERENCES [sandbox].[app_contact] ([con_id])
    );

    CREATE NONCLUSTERED INDEX [IX_contact_address_app_id] ON [sandbox].[contact_address] ([app_id]);
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_address]')
        AND c.name = N'street'
)
BEGIN
    ALTER TABLE [sandbox].[contact_address] ADD [street] nvarchar(100) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_address]')
        AND c.name = N'city'
)
BEGIN
    ALTER TABLE [sandbox].[contact_address] ADD [city] nvarchar(40) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_address]')
        AND c.name = N'state'
)
BEGIN
    ALTER TABLE [sandbox].[contact_address] ADD [state] char(2) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_address]')
        AND c.name = N'zip'
)
BEGIN
    ALTER TABLE [sandbox].[contact_address] ADD [zip] varchar(9) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_address]')
        AND c.name = N'residence'
)
BEGIN
    ALTER TABLE [sandbox].[contact_address] ADD [residence] varchar(20) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_address]')
        AND c.name = N'months_there'
)
BEGIN
    ALTER TABLE [sandbox].[contact_address] ADD [months_there] smallint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_address]')
        AND c.name = N'monthly_housing'
)
BEGIN
    ALTER TABLE [sandbox].[contact_address] ADD [monthly_housing] decimal(10,2) NULL;
END;
GO
IF OBJECT_ID(N'[sandbox].[contact_employment]', N'U') IS NULL
BEGIN
    CREATE TABLE [sandbox].[contact_employment]
    (
        [con_id] int NOT NULL,
        [app_id] int NOT NULL,
        [employment_type] tinyint NOT NULL,
        [business_name] nvarchar(80) NULL,
        [job_title] nvarchar(60) NULL,
        [salary] decimal(12,2) NULL,
        [hired_on] date NULL,
        [self_employed] bit NULL,
        CONSTRAINT [PK_contact_employment] PRIMARY KEY CLUSTERED ([con_id], [employment_type]),
        CONSTRAINT [FK_contact_employment_app_contact] FOREIGN KEY ([con_id])
            REFERENCES [sandbox].[app_contact] ([con_id])
    );

    CREATE NONCLUSTERED INDEX [IX_contact_employment_app_id] ON [sandbox].[contact_employment] ([app_id]);
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_employment]')
        AND c.name = N'business_name'
)
BEGIN
    ALTER TABLE [sandbox].[contact_employment] ADD [business_name] nvarchar(80) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_employment]')
        AND c.name = N'job_title'
)
BEGIN
    ALTER TABLE [sandbox].[contact_employment] ADD [job_title] nvarchar(60) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_employment]')
        AND c.name = N'salary'
)
BEGIN
    ALTER TABLE [sandbox].[contact_employment] ADD [salary] decimal(12,2) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_employment]')
        AND c.name = N'hired_on'
)
BEGIN
    ALTER TABLE [sandbox].[contact_employment] ADD [hired_on] date NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[contact_employment]')
        AND c.name = N'self_employed'
)
BEGIN
    ALTER TABLE [sandbox].[contact_employment] ADD [self_employed] bit NULL;
END;
GO
IF OBJECT_ID(N'[sandbox].[scores]', N'U') IS NULL
BEGIN
    CREATE TABLE [sandbox].[scores]
    (
        [app_id] int NOT NULL,
        [score_identifier] varchar(20) NOT NULL,
        [score] int NULL,
        CONSTRAINT [PK_scores] PRIMARY KEY CLUSTERED ([app_id], [score_identifier]),
        CONSTRAINT [FK_scores_app_base] FOREIGN KEY ([app_id])
            REFERENCES [sandbox].[app_base] ([app_id])
    );
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[scores]')
        AND c.name = N'score'
)
BEGIN
    ALTER TABLE [sandbox].[scores] ADD [score] int NULL;
END;
GO
IF OBJECT_ID(N'[sandbox].[app_decision_history]', N'U') IS NULL
BEGIN
    CREATE TABLE [sandbox].[app_decision_history]
    (
        [app_id] int NOT NULL,
        [entry_number] smallint NOT NULL,
        [position] smallint NULL,
        [entered_at] datetime2(0) NOT NULL,
        [decision] smallint NULL,
        [analyst] nvarchar(30) NULL,
        [reason] nvarchar(400) NULL,
        CONSTRAINT [PK_app_decision_history] PRIMARY KEY CLUSTERED ([app_id], [entry_number]),
        CONSTRAINT [FK_app_decision_history_app_base] FOREIGN KEY ([app_id])
            REFERENCES [sandbox].[app_base] ([app_id])
    );
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_decision_history]')
        AND c.name = N'position'
)
BEGIN
    ALTER TABLE [sandbox].[app_decision_history] ADD [position] smallint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_decision_history]')
        AND c.name = N'decision'
)
BEGIN
    ALTER TABLE [sandbox].[app_decision_history] ADD [decision] smallint NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_decision_history]')
        AND c.name = N'analyst'
)
BEGIN
    ALTER TABLE [sandbox].[app_decision_history] ADD [analyst] nvarchar(30) NULL;
END;

IF NOT EXISTS
(
    SELECT 1
    FROM sys.columns AS c
    WHERE c.object_id = OBJECT_ID(N'[sandbox].[app_decision_history]')
        AND c.name = N'reason'
)
BEGIN
    ALTER TABLE [sandbox].[app_decision_history] ADD [reason] nvarchar(400) NULL;
END;
GO
SET NOCOUNT ON;
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_base] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_base] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_pricing] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_pricing] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_collateral] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_collateral] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_contact] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_contact] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[contact_address] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[contact_address] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[contact_employment] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[contact_employment] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[scores] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[scores] TO [shred_operator];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_decision_history] TO [shred_worker];
    GRANT VIEW DEFINITION ON OBJECT::[sandbox].[app_decision_history] TO [shred_operator];
GO
CREATE TABLE #contract_table
(
    table_ordinal int NOT NULL,
    schema_name nvarchar(128) NOT NULL,
    table_name nvarchar(128) NOT NULL,
    app_column nvarchar(128) NOT NULL,
    on_existing varchar(7) NOT NULL
);

INSERT INTO #contract_table
(
    table_ordinal,
    schema_name,
    table_name,
    app_column,
    on_existing
)
VALUES
(0, N'sandbox', N'app_base', N'app_id', 'fail'),
(1, N'sandbox', N'app_pricing', N'app_id', 'fail'),
(2, N'sandbox', N'app_collateral', N'app_id', 'fail'),
(3, N'sandbox', N'app_contact', N'app_id', 'fail'),
(4, N'sandbox', N'contact_address', N'app_id', 'fail'),
(5, N'sandbox', N'contact_employment', N'app_id', 'fail'),
(6, N'sandbox', N'scores', N'app_id', 'fail'),
(7, N'sandbox', N'app_decision_history', N'app_id', 'fail');

EXEC [sandbox].[usp_RegisterContract]
    @contract_hash = 0x2511f42b86d11be00b06b33f1c758fa2f233652e4e2c2b46d063c4507d6a0b0e,
    @contract_name = N'credit-applications';

DROP TABLE #contract_table;
GO
/*
Purpose:    Moves the rows of the applications in #load_app from the #stage_* tables into the
            target tables of contract credit-applications. Generated by
            xmlshred contract sql: change the contract, not this text.
Parameters: @table_ordinal  OUTPUT: the target table at hand, in load order, from 0
            @error_number   OUTPUT: what the database refused the rows with, and its message
            @error_message  OUTPUT
            Tables of the connection: reads #load_app (app_id, clear_only) and #stage_*, and
            answers in #loaded (app_id, table_ordinal, row_count). With clear_only = 1 the rows
            that are there go and none come.
Results:    none. RETURN 0: done. RETURN 1: refused (@error_*), and the transaction is lost.
Errors:     returned, but for that of a trigger that rolled back: it is passed on
Called by:  usp_ApplyOutcomes, in its transaction
Isolation:  READ COMMITTED. Locks the target tables: rows go children first, come parents first.
Example:    not called by hand
*/
CREATE OR ALTER PROCEDURE [sandbox].[usp_LoadApps]
    @table_ordinal int OUTPUT,
    @error_number int OUTPUT,
    @error_message nvarchar(2048) OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    SET XACT_ABORT ON;
    SET IMPLICIT_TRANSACTIONS OFF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

    DECLARE @row bigint;
    DECLARE @last_row bigint;
    DECLARE @deleted int;
    DECLARE @skipped TABLE (app_id bigint NOT NULL PRIMARY KEY);

    BEGIN TRY
        -- app_decision_history: rows that are there
        SET @table_ordinal = 7;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [sandbox].[app_decision_history]
            WHERE [app_id] IN
                (
                    SELECT TRY_CONVERT(int, a.app_id)
                    FROM #load_app AS a
                    WHERE a.clear_only = 1
                )
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- scores: rows that are there
        SET @table_ordinal = 6;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [sandbox].[scores]
            WHERE [app_id] IN
                (
                    SELECT TRY_CONVERT(int, a.app_id)
                    FROM #load_app AS a
                    WHERE a.clear_only = 1
                )
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- contact_employment: rows that are there
        SET @table_ordinal = 5;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [sandbox].[contact_employment]
            WHERE [app_id] IN
                (
                    SELECT TRY_CONVERT(int, a.app_id)
                    FROM #load_app AS a
                    WHERE a.clear_only = 1
                )
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- contact_address: rows that are there
        SET @table_ordinal = 4;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [sandbox].[contact_address]
            WHERE [app_id] IN
                (
                    SELECT TRY_CONVERT(int, a.app_id)
                    FROM #load_app AS a
                    WHERE a.clear_only = 1
                )
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- app_contact: rows that are there
        SET @table_ordinal = 3;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [sandbox].[app_contact]
            WHERE [app_id] IN
                (
                    SELECT TRY_CONVERT(int, a.app_id)
                    FROM #load_app AS a
                    WHERE a.clear_only = 1
                )
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- app_collateral: rows that are there
        SET @table_ordinal = 2;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [sandbox].[app_collateral]
            WHERE [app_id] IN
                (
                    SELECT TRY_CONVERT(int, a.app_id)
                    FROM #load_app AS a
                    WHERE a.clear_only = 1
                )
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- app_pricing: rows that are there
        SET @table_ordinal = 1;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [sandbox].[app_pricing]
            WHERE [app_id] IN
                (
                    SELECT TRY_CONVERT(int, a.app_id)
                    FROM #load_app AS a
                    WHERE a.clear_only = 1
                )
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- app_base: rows that are there
        SET @table_ordinal = 0;
        SET @deleted = 4000;

        WHILE @deleted = 4000
        BEGIN
            DELETE TOP (4000) FROM [sandbox].[app_base]
            WHERE [app_id] IN
                (
                    SELECT TRY_CONVERT(int, a.app_id)
                    FROM #load_app AS a
                    WHERE a.clear_only = 1
                )
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @deleted = @@ROWCOUNT;
        END;

        -- app_base: existing rows fail the application
        SET @table_ordinal = 0;

        SELECT
            @row = MIN(s.__row) - 1,
            @last_row = MAX(s.__row)
        FROM [#stage_app_base] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0;

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [sandbox].[app_base]
            (
                [app_id],
                [app_guid],
                [receive_date],
                [received_offset],
                [entry_date],
                [entry_time],
                [decided_at],
                [booked_at],
                [days_to_decide],
                [channel],
                [decision],
                [status],
                [requested_amount],
                [total_income],
                [debt_ratio],
                [risk_probability],
                [model_margin],
                [dealer_number],
                [dealer_region],
                [is_joint],
                [is_employee],
                [has_fraud_alert],
                [contact_count],
                [primary_con_id],
                [alerts],
                [campaign],
                [comments],
                [loaded_at]
            )
            SELECT
                s.[app_id],
                s.[app_guid],
                s.[receive_date],
                CONVERT(datetimeoffset(0), s.[received_offset]),
                CONVERT(date, s.[entry_date]),
                CONVERT(time(0), s.[entry_time]),
                CONVERT(datetime, s.[decided_at]),
                CONVERT(smalldatetime, s.[booked_at]),
                s.[days_to_decide],
                CONVERT(tinyint, s.[channel]),
                CONVERT(smallint, s.[decision]),
                s.[status],
                s.[requested_amount],
                CONVERT(money, s.[total_income]),
                s.[debt_ratio],
                CONVERT(real, s.[risk_probability]),
                s.[model_margin],
                s.[dealer_number],
                s.[dealer_region],
                s.[is_joint],
                s.[is_employee],
                s.[has_fraud_alert],
                CONVERT(tinyint, s.[contact_count]),
                s.[primary_con_id],
                s.[alerts],
                s.[campaign],
                s.[comments],
                s.[loaded_at]
            FROM [#stage_app_base] AS s
            INNER JOIN #load_app AS a ON s.__app_id = a.app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            0,
            COUNT_BIG(*)
        FROM [#stage_app_base] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0
        GROUP BY a.app_id
        OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

        -- app_pricing: existing rows fail the application
        SET @table_ordinal = 1;

        SELECT
            @row = MIN(s.__row) - 1,
            @last_row = MAX(s.__row)
        FROM [#stage_app_pricing] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0;

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [sandbox].[app_pricing]
            (
                [app_id],
                [product_code],
                [term_months],
                [amount_financed],
                [cash_down],
                [trade_in],
                [buy_rate],
                [contract_rate],
                [rate_markup],
                [monthly_payment],
                [loan_to_value],
                [first_payment],
                [contract_date],
                [tier],
                [gap_sold]
            )
            SELECT
                s.[app_id],
                s.[product_code],
                CONVERT(smallint, s.[term_months]),
                s.[amount_financed],
                s.[cash_down],
                s.[trade_in],
                s.[buy_rate],
                s.[contract_rate],
                s.[rate_markup],
                CONVERT(money, s.[monthly_payment]),
                s.[loan_to_value],
                CONVERT(date, s.[first_payment]),
                CONVERT(date, s.[contract_date]),
                CONVERT(tinyint, s.[tier]),
                s.[gap_sold]
            FROM [#stage_app_pricing] AS s
            INNER JOIN #load_app AS a ON s.__app_id = a.app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            1,
            COUNT_BIG(*)
        FROM [#stage_app_pricing] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0
        GROUP BY a.app_id
        OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

        -- app_collateral: existing rows fail the application
        SET @table_ordinal = 2;

        SELECT
            @row = MIN(s.__row) - 1,
            @last_row = MAX(s.__row)
        FROM [#stage_app_collateral] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0;

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [sandbox].[app_collateral]
            (
                [app_id],
                [slot],
                [vin],
                [make],
                [model_year],
                [mileage],
                [wholesale_value],
                [is_new]
            )
            SELECT
                s.[app_id],
                CONVERT(tinyint, s.[slot]),
                s.[vin],
                s.[make],
                CONVERT(smallint, s.[model_year]),
                s.[mileage],
                s.[wholesale_value],
                s.[is_new]
            FROM [#stage_app_collateral] AS s
            INNER JOIN #load_app AS a ON s.__app_id = a.app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            2,
            COUNT_BIG(*)
        FROM [#stage_app_collateral] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0
        GROUP BY a.app_id
        OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

        -- app_contact: existing rows fail the application
        SET @table_ordinal = 3;

        SELECT
            @row = MIN(s.__row) - 1,
            @last_row = MAX(s.__row)
        FROM [#stage_app_contact] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0;

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [sandbox].[app_contact]
            (
                [con_id],
                [app_id],
                [role],
                [first_name],
                [last_name],
                [display_name],
                [suffix],
                [birth_date],
                [ssn],
                [home_phone],
                [email],
                [current_zip],
                [monthly_income],
                [dependents],
                [privacy_optout]
            )
            SELECT
                s.[con_id],
                s.[app_id],
                CONVERT(smallint, s.[role]),
                s.[first_name],
                s.[last_name],
                s.[display_name],
                s.[suffix],
                CONVERT(date, s.[birth_date]),
                s.[ssn],
                s.[home_phone],
                s.[email],
                s.[current_zip],
                s.[monthly_income],
                CONVERT(tinyint, s.[dependents]),
                s.[privacy_optout]
            FROM [#stage_app_contact] AS s
            INNER JOIN #load_app AS a ON s.__app_id = a.app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            3,
            COUNT_BIG(*)
        FROM [#stage_app_contact] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0
        GROUP BY a.app_id
        OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

        -- contact_address: existing rows fail the application
        SET @table_ordinal = 4;

        SELECT
            @row = MIN(s.__row) - 1,
            @last_row = MAX(s.__row)
        FROM [#stage_contact_address] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0;

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [sandbox].[contact_address]
            (
                [con_id],
                [app_id],
                [address_type],
                [street],
                [city],
                [state],
                [zip],
                [residence],
                [months_there],
                [monthly_housing]
            )
            SELECT
                s.[con_id],
                s.[app_id],
                CONVERT(tinyint, s.[address_type]),
                s.[street],
                s.[city],
                s.[state],
                s.[zip],
                s.[residence],
                CONVERT(smallint, s.[months_there]),
                s.[monthly_housing]
            FROM [#stage_contact_address] AS s
            INNER JOIN #load_app AS a ON s.__app_id = a.app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            4,
            COUNT_BIG(*)
        FROM [#stage_contact_address] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0
        GROUP BY a.app_id
        OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

        -- contact_employment: existing rows fail the application
        SET @table_ordinal = 5;

        SELECT
            @row = MIN(s.__row) - 1,
            @last_row = MAX(s.__row)
        FROM [#stage_contact_employment] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0;

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [sandbox].[contact_employment]
            (
                [con_id],
                [app_id],
                [employment_type],
                [business_name],
                [job_title],
                [salary],
                [hired_on],
                [self_employed]
            )
            SELECT
                s.[con_id],
                s.[app_id],
                CONVERT(tinyint, s.[employment_type]),
                s.[business_name],
                s.[job_title],
                s.[salary],
                CONVERT(date, s.[hired_on]),
                s.[self_employed]
            FROM [#stage_contact_employment] AS s
            INNER JOIN #load_app AS a ON s.__app_id = a.app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            5,
            COUNT_BIG(*)
        FROM [#stage_contact_employment] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0
        GROUP BY a.app_id
        OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

        -- scores: existing rows fail the application
        SET @table_ordinal = 6;

        SELECT
            @row = MIN(s.__row) - 1,
            @last_row = MAX(s.__row)
        FROM [#stage_scores] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0;

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [sandbox].[scores]
            (
                [app_id],
                [score_identifier],
                [score]
            )
            SELECT
                s.[app_id],
                s.[score_identifier],
                s.[score]
            FROM [#stage_scores] AS s
            INNER JOIN #load_app AS a ON s.__app_id = a.app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            6,
            COUNT_BIG(*)
        FROM [#stage_scores] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0
        GROUP BY a.app_id
        OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

        -- app_decision_history: existing rows fail the application
        SET @table_ordinal = 7;

        SELECT
            @row = MIN(s.__row) - 1,
            @last_row = MAX(s.__row)
        FROM [#stage_app_decision_history] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0;

        WHILE @row < @last_row
        BEGIN
            INSERT INTO [sandbox].[app_decision_history]
            (
                [app_id],
                [entry_number],
                [position],
                [entered_at],
                [decision],
                [analyst],
                [reason]
            )
            SELECT
                s.[app_id],
                CONVERT(smallint, s.[entry_number]),
                CONVERT(smallint, s.[position]),
                s.[entered_at],
                CONVERT(smallint, s.[decision]),
                s.[analyst],
                s.[reason]
            FROM [#stage_app_decision_history] AS s
            INNER JOIN #load_app AS a ON s.__app_id = a.app_id
            WHERE a.clear_only = 0
                AND s.__row > @row
                AND s.__row <= @row + 4000
            ORDER BY s.__row
            OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

            SET @row += 4000;
        END;

        INSERT INTO #loaded (app_id, table_ordinal, row_count)
        SELECT
            a.app_id,
            7,
            COUNT_BIG(*)
        FROM [#stage_app_decision_history] AS s
        INNER JOIN #load_app AS a ON s.__app_id = a.app_id
        WHERE a.clear_only = 0
        GROUP BY a.app_id
        OPTION (LOOP JOIN, KEEPFIXED PLAN, MAXDOP 1);

    END TRY
    BEGIN CATCH
        -- A trigger has rolled back: returning without a transaction would hide why.
        IF XACT_STATE() = 0
        BEGIN
            THROW;
        END;

        SET @error_number = ERROR_NUMBER();
        SET @error_message = ERROR_MESSAGE();
        RETURN 1;
    END CATCH;

    RETURN 0;
END;
GO
IF @@TRANCOUNT = 0
BEGIN
    RAISERROR(N'The installation was rolled back by the error above.', 16, 1);
    SET NOEXEC ON;
END;
GO
/* What a worker runs once per connection. */
CREATE TABLE [#stage_app_base]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [app_id] int NULL,
    [app_guid] uniqueidentifier NULL,
    [receive_date] datetime2(3) NULL,
    [received_offset] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [entry_date] datetime2(0) NULL,
    [entry_time] datetime2(0) NULL,
    [decided_at] datetime2(3) NULL,
    [booked_at] datetime2(0) NULL,
    [days_to_decide] int NULL,
    [channel] int NULL,
    [decision] int NULL,
    [status] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [requested_amount] decimal(12,2) NULL,
    [total_income] decimal(19,4) NULL,
    [debt_ratio] decimal(9,4) NULL,
    [risk_probability] float NULL,
    [model_margin] float NULL,
    [dealer_number] bigint NULL,
    [dealer_region] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [is_joint] bit NULL,
    [is_employee] bit NULL,
    [has_fraud_alert] bit NULL,
    [contact_count] int NULL,
    [primary_con_id] int NULL,
    [alerts] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [campaign] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [comments] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [loaded_at] datetime2(3) NULL
);

CREATE CLUSTERED INDEX IX_stage_row ON [#stage_app_base] (__row);

CREATE TABLE [#stage_app_pricing]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [app_id] int NULL,
    [product_code] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [term_months] int NULL,
    [amount_financed] decimal(12,2) NULL,
    [cash_down] decimal(12,2) NULL,
    [trade_in] decimal(12,2) NULL,
    [buy_rate] decimal(7,5) NULL,
    [contract_rate] decimal(7,5) NULL,
    [rate_markup] decimal(7,5) NULL,
    [monthly_payment] decimal(19,4) NULL,
    [loan_to_value] decimal(6,3) NULL,
    [first_payment] datetime2(0) NULL,
    [contract_date] datetime2(0) NULL,
    [tier] int NULL,
    [gap_sold] bit NULL
);

CREATE CLUSTERED INDEX IX_stage_row ON [#stage_app_pricing] (__row);

CREATE TABLE [#stage_app_collateral]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [app_id] int NULL,
    [slot] int NULL,
    [vin] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [make] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [model_year] int NULL,
    [mileage] int NULL,
    [wholesale_value] decimal(12,2) NULL,
    [is_new] bit NULL
);

CREATE CLUSTERED INDEX IX_stage_row ON [#stage_app_collateral] (__row);

CREATE TABLE [#stage_app_contact]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [con_id] int NULL,
    [app_id] int NULL,
    [role] int NULL,
    [first_name] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [last_name] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [display_name] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [suffix] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [birth_date] datetime2(0) NULL,
    [ssn] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [home_phone] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [email] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [current_zip] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [monthly_income] decimal(12,2) NULL,
    [dependents] int NULL,
    [privacy_optout] bit NULL
);

CREATE CLUSTERED INDEX IX_stage_row ON [#stage_app_contact] (__row);

CREATE TABLE [#stage_contact_address]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [con_id] int NULL,
    [app_id] int NULL,
    [address_type] int NULL,
    [street] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [city] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [state] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [zip] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [residence] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [months_there] int NULL,
    [monthly_housing] decimal(10,2) NULL
);

CREATE CLUSTERED INDEX IX_stage_row ON [#stage_contact_address] (__row);

CREATE TABLE [#stage_contact_employment]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [con_id] int NULL,
    [app_id] int NULL,
    [employment_type] int NULL,
    [business_name] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [job_title] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [salary] decimal(12,2) NULL,
    [hired_on] datetime2(0) NULL,
    [self_employed] bit NULL
);

CREATE CLUSTERED INDEX IX_stage_row ON [#stage_contact_employment] (__row);

CREATE TABLE [#stage_scores]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [app_id] int NULL,
    [score_identifier] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [score] int NULL
);

CREATE CLUSTERED INDEX IX_stage_row ON [#stage_scores] (__row);

CREATE TABLE [#stage_app_decision_history]
(
    __app_id bigint NULL,
    __row bigint NULL,
    [app_id] int NULL,
    [entry_number] int NULL,
    [position] int NULL,
    [entered_at] datetime2(0) NULL,
    [decision] int NULL,
    [analyst] nvarchar(max) COLLATE DATABASE_DEFAULT NULL,
    [reason] nvarchar(max) COLLATE DATABASE_DEFAULT NULL
);

CREATE CLUSTERED INDEX IX_stage_row ON [#stage_app_decision_history] (__row);
GO
