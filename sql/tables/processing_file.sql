SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The file that a document of the source table was loaded from; what other programs insert has no row. A load
skips what it finds here, if its source row still exists.

file_path      the path as it was given; after it ! and the name of an archive's member, and # and the number
               of a record
file_name      the last part of file_path
place_id       the beginning of the hash of the machine and the absolute path: it is only compared
record_number  which record of the file the document is, from 1; 0 for a whole file
record_path    path of the records that the file was divided into: /orders/order; NULL for a whole file, for stdin
               without a name, and for what was loaded before version 3
has_envelope   whether a record keeps the start tags of the elements around it; NULL as record_path
document_bytes length of the document in the file, decompressed
source_hash    SHA-256 of these bytes
stored_hash    SHA-256 of the document as the source table had it after the load (ufn_DocumentHash): if it has another now,
               another program has changed it. NULL for text and xml that were loaded before this was kept
has_replaced   whether the load replaced a document of the application, which unloading does not bring back
loaded_at_utc  when its load started
login_name     who loaded it
*/
IF OBJECT_ID(N'[$(Schema)].[processing_file]', N'U') IS NULL
BEGIN
    CREATE TABLE [$(Schema)].[processing_file]
    (
        app_id bigint NOT NULL,
        file_path nvarchar(1000) NOT NULL,
        file_name nvarchar(400) NOT NULL,
        place_id bigint NOT NULL,
        record_number bigint NOT NULL,
        record_path nvarchar(1000) COLLATE Latin1_General_BIN2 NULL,
        has_envelope bit NULL,
        document_bytes bigint NOT NULL,
        source_hash binary(32) NOT NULL,
        stored_hash binary(32) NULL,
        has_replaced bit NOT NULL CONSTRAINT DF_processing_file_has_replaced DEFAULT (0),
        loaded_at_utc datetime2(3) NOT NULL,
        login_name nvarchar(128) NOT NULL,
        CONSTRAINT PK_processing_file PRIMARY KEY CLUSTERED (app_id),
        CONSTRAINT CK_processing_file_record_number CHECK (record_number >= 0)
    );

    CREATE NONCLUSTERED INDEX IX_processing_file_place
        ON [$(Schema)].[processing_file] (place_id, record_number, source_hash);

    CREATE NONCLUSTERED INDEX IX_processing_file_hash
        ON [$(Schema)].[processing_file] (source_hash, place_id);

    CREATE NONCLUSTERED INDEX IX_processing_file_name
        ON [$(Schema)].[processing_file] (file_name, source_hash);
END;
GO
