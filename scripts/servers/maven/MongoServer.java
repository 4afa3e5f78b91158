import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.DefaultQueryMatcher;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Collection;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

/** Serves MongoDB's wire protocol on a host and a port, from a file. */
class Main {
    /** Drivers talk to nobody who is older than MongoDB 4.4: this says it is 5.0. */
    static final MongoVersion VERSION = new MongoVersion() {
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        public int getWireVersion() {
            return 13;
        }
    };

    static final Set<String> GREETINGS = Set.of("hello", "isMaster", "ismaster", "ping");

    /** What is written is in the file before it is answered, one message after the other: whole. */
    static class Durable extends H2Backend {
        Durable(MVStore store) {
            super(store);
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            // A driver that asks whether it is there does not wait behind what others write.
            if (GREETINGS.contains(message.getDocument().keySet().iterator().next())) {
                return super.handleMessage(message);
            }
            synchronized (this) {
                Document answer = super.handleMessage(message);
                commit();
                return answer;
            }
        }

        @Override
        protected MongoDatabase openOrCreateDatabase(String name) {
            return new Database(name);
        }

        // An inner class knows what is around it before it is made, and is asked for collections while it is.
        class Database extends H2Database {
            Database(String name) {
                super(name, getMvStore(), getCursorRegistry());
            }

            @Override
            protected MongoCollection<Object> openOrCreateCollection(String name, CollectionOptions options) {
                String full = getFullCollectionNamespace(name);
                return new ByKey(this, name, options, getMvStore(), full, getCursorRegistry());
            }
        }
    }

    /** As MongoDB does, it looks for a key by its index, whatever else is asked of the document. */
    static class ByKey extends H2Collection {
        ByKey(MongoDatabase database, String name, CollectionOptions options, MVStore store, String full,
                CursorRegistry cursors) {
            super(database, name, options, store.openMap("databases." + full), store.openMap("meta." + full), cursors);
        }

        @Override
        protected QueryResult matchDocuments(Document query, Document orderBy, int skip, int limit, int batchSize,
                Document fields) {
            Object key = query.get("_id");
            boolean isKey = key instanceof Number || key instanceof String;
            if (!isKey || query.size() == 1 || skip > 0 || fields != null) {
                return super.matchDocuments(query, orderBy, skip, limit, batchSize, fields);
            }
            List<Document> found = new ArrayList<>();
            for (Document document : queryDocuments(new Document("_id", key), null, 0, 0, 0, null)) {
                if (new DefaultQueryMatcher().matches(document, query)) {
                    found.add(document);
                }
            }
            return new QueryResult(found);
        }
    }

    public static void main(String[] args) throws Exception {
        MVStore store = new MVStore.Builder().fileName(args[2]).autoCommitDisabled().open();
        MongoServer server = new MongoServer(new Durable(store).version(VERSION));
        server.bind(args[0], Integer.parseInt(args[1]));
        System.out.println("ready");
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        Thread.currentThread().join();
    }
}
