BEGIN TRANSACTION;
CREATE TABLE changes (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, path TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL);
INSERT INTO "changes" VALUES(1,4,'g_optimizer.lr','0.0005','0.001');
CREATE TABLE checkpoints (step INTEGER PRIMARY KEY, images INTEGER NOT NULL, elapsed_seconds REAL NOT NULL,
        sha256 TEXT NOT NULL, generator_sha256 TEXT NOT NULL, by_hand INTEGER NOT NULL);
INSERT INTO "checkpoints" VALUES(4,64,0.5,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',1);
INSERT INTO "checkpoints" VALUES(8,128,1.5,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',0);
CREATE TABLE evaluations (step INTEGER NOT NULL, images INTEGER NOT NULL,
        elapsed_seconds REAL NOT NULL, features TEXT NOT NULL, samples INTEGER NOT NULL, "values" TEXT NOT NULL,
        floor TEXT NOT NULL, classes TEXT NOT NULL, cost_seconds REAL NOT NULL, best INTEGER NOT NULL,
        PRIMARY KEY (step, features, samples));
INSERT INTO "evaluations" VALUES(0,0,0.0,'pixel features',1000,'{"fid": 800.5, "kid": null}','{"fid": 0.5, "kid": 0.0}','{}',0.25,0);
INSERT INTO "evaluations" VALUES(8,128,1.5,'pixel features',1000,'{"fid": 100.25, "kid": 0.5}','{"fid": 0.5, "kid": 0.0}','{"names": ["a", "b"], "generated": [0.25, 0.75], "real": [0.5, 0.5]}',0.25,1);
CREATE TABLE generators (step INTEGER PRIMARY KEY, images INTEGER NOT NULL,
        elapsed_seconds REAL NOT NULL, sha256 TEXT NOT NULL);
INSERT INTO "generators" VALUES(2,32,0.25,'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
CREATE TABLE grids (step INTEGER PRIMARY KEY, images INTEGER NOT NULL, columns INTEGER NOT NULL,
        rows INTEGER NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, scores BLOB NOT NULL);
INSERT INTO "grids" VALUES(0,0,2,2,28,'0000000000000000000000000000000000000000000000000000000000000000',X'0000803E0000003F0000403F0000803F');
INSERT INTO "grids" VALUES(8,128,2,2,28,'0000000000000000000000000000000000000000000000000000000000000000',X'0000803E0000003F0000403F0000803F');
CREATE TABLE points (step INTEGER PRIMARY KEY, images REAL, elapsed_seconds REAL, images_per_second REAL, d_loss REAL, g_loss REAL, d_real REAL, d_fake REAL, d_accuracy_real REAL, d_accuracy_fake REAL, d_grad_norm REAL, g_grad_norm REAL, penalty REAL, g_lr REAL, d_lr REAL, instance_noise REAL, modes_covered REAL, high_quality_share REAL, reverse_kl REAL, sliced_wasserstein REAL, mmd REAL, augmentation_strength REAL, d_sign_real REAL, d_held_out REAL);
INSERT INTO "points" VALUES(4,64.0,0.5,128.0,1.375,0.75,0.5,0.25,0.5,0.75,2.0,3.0,NULL,0.0005,0.0005,0.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "points" VALUES(8,128.0,1.0,128.0,1.375,0.75,0.5,0.25,0.5,0.75,2.0,3.0,NULL,0.0005,0.0005,0.0,NULL,NULL,NULL,NULL,NULL,0.25,0.5,NULL);
CREATE TABLE state (only INTEGER PRIMARY KEY CHECK (only = 1), state TEXT NOT NULL, step INTEGER NOT NULL,
        images INTEGER NOT NULL, elapsed_seconds REAL NOT NULL, error TEXT NOT NULL, advice TEXT NOT NULL,
        warnings TEXT NOT NULL, compiled_from_step INTEGER, until_step INTEGER, until_seconds REAL);
INSERT INTO "state" VALUES(1,'stopped',8,128,1.5,'','[]','["The checkpoint at step 4 is damaged."]',4,240,NULL);
COMMIT;
PRAGMA user_version = 5;
