USE [membership]
GO
/****** Object:  UserDefinedDataType [dbo].[Zip]    Script Date: 1/1/2024 ******/
CREATE TYPE [dbo].[Zip] FROM [varchar](9) NULL
GO
SET ANSI_NULLS ON
GO
SET QUOTED_IDENTIFIER ON
GO
CREATE TABLE [sandbox].[app_base](
	[app_id] [int] IDENTITY(1,1) NOT NULL,
	[status_enum] [smallint] NULL,
	[receive_date] [datetime] NOT NULL,
	[decision_date] [datetime] NULL,
	[branch] [char](3) COLLATE SQL_Latin1_General_CP1_CI_AS NULL,
	[retain_until_date] [datetime] NULL,
	[version] [timestamp] NOT NULL,
 CONSTRAINT [PK_app_base] PRIMARY KEY CLUSTERED 
(
	[app_id] ASC
)WITH (PAD_INDEX = OFF, STATISTICS_NORECOMPUTE = OFF, IGNORE_DUP_KEY = OFF, ALLOW_ROW_LOCKS = ON, ALLOW_PAGE_LOCKS = ON) ON [PRIMARY]
) ON [PRIMARY]
GO
CREATE TABLE [sandbox].[app_terms](
	[app_id] [int] NOT NULL,
	[amount] [decimal](12, 2) NULL,
	[rate] [numeric](5, 3) NULL,
	[months] [smallint] NULL,
	[insured_flag] [bit] NOT NULL,
	[second_card_flag] [bit] NULL,
	[note] [varchar](60) NULL
) ON [PRIMARY]
GO
CREATE TABLE [sandbox].[app_contact_base](
	[con_id] [int] IDENTITY(1,1) NOT FOR REPLICATION NOT NULL,
	[app_id] [int] NOT NULL,
	[contact_type_enum] [smallint] NOT NULL,
	[first_name] [varchar](50) NOT NULL,
	[last_name] [varchar](50) NOT NULL,
	[birth_date] [date] NOT NULL,
	[tax_number] [varchar](9) NOT NULL,
	[tax_number_last_4]  AS (right([tax_number],(4))) PERSISTED,
	[email] [varchar](100) NULL,
PRIMARY KEY CLUSTERED 
(
	[con_id] ASC
)WITH (PAD_INDEX = OFF) ON [PRIMARY],
 CONSTRAINT [UC_app_contact_base] UNIQUE NONCLUSTERED 
(
	[con_id] ASC,
	[contact_type_enum] ASC
) ON [PRIMARY]
) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]
GO
CREATE TABLE [sandbox].[app_contact_address](
	[con_id] [int] NOT NULL,
	[address_type_enum] [smallint] NOT NULL,
	[street_name] [varchar](50) NULL,
	[city] [varchar](50) NULL,
	[state] [char](2) NULL,
	[zip] [dbo].[Zip] NULL,
	[months_at_address] [smallint] NULL
) ON [PRIMARY]
GO
ALTER TABLE [sandbox].[app_contact_address] ADD  CONSTRAINT [PK_app_contact_address] PRIMARY KEY CLUSTERED 
(
	[con_id] ASC,
	[address_type_enum] ASC
)WITH (PAD_INDEX = OFF, SORT_IN_TEMPDB = OFF) ON [PRIMARY]
GO
ALTER TABLE [sandbox].[app_base] ADD  CONSTRAINT [DF_app_base_receive_date]  DEFAULT (getutcdate()) FOR [receive_date]
GO
ALTER TABLE [sandbox].[app_terms] ADD  CONSTRAINT [DF_app_terms_insured]  DEFAULT ((0)) FOR [insured_flag]
GO
ALTER TABLE [sandbox].[app_terms]  WITH CHECK ADD  CONSTRAINT [FK_app_terms_app] FOREIGN KEY([app_id])
REFERENCES [sandbox].[app_base] ([app_id])
ON DELETE CASCADE
GO
ALTER TABLE [sandbox].[app_terms] CHECK CONSTRAINT [FK_app_terms_app]
GO
ALTER TABLE [sandbox].[app_terms]  WITH NOCHECK ADD  CONSTRAINT [CK_app_terms_months] CHECK  (([months]>(0)))
GO
EXEC sys.sp_addextendedproperty @name=N'MS_Description', @value=N'CREATE TABLE nothing (' , @level0type=N'SCHEMA',@level0name=N'sandbox'
GO
