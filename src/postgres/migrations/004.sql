-- A statement that finds no row to change is refused too: UPDATE and DELETE of tq_push never find one.
DO $$ DECLARE view text; BEGIN
  FOR view IN
    SELECT quote_ident(nspname) || '.' || quote_ident(relname)
      FROM pg_trigger
      JOIN pg_class ON pg_class.oid = tgrelid
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE tgfoid = 'tq.refuse_change()'::regprocedure
     ORDER BY relname
  LOOP EXECUTE 'CREATE TRIGGER refuses BEFORE UPDATE OR DELETE ON ' || view || ' FOR EACH STATEMENT EXECUTE FUNCTION tq.refuse_change()'; END LOOP;
END $$;
