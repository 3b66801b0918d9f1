"""Tables and indexes of the first release."""

import sqlalchemy as sa
from alembic import context, op
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def geometry(kind: str) -> Geometry:
    srid = context.config.attributes["srid"]
    return Geometry(kind, srid=srid, dimension=3 if kind.endswith("Z") else 2, spatial_index=False)


def upgrade() -> None:
    op.create_table(
        "access_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_access_keys"),
        sa.UniqueConstraint("sha256", name="uq_access_keys_sha256"),
    )
    op.create_table(
        "import_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("options", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_runs"),
    )
    op.create_table(
        "layer_states",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("features", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("layer", name="pk_layer_states"),
    )
    op.create_table(
        "replaced_features",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["twin.import_runs.id"], name="fk_replaced_features_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_replaced_features"),
    )
    op.create_index("ix_replaced_features_run_id", "replaced_features", ["run_id"], unique=False)
    op.create_table(
        "source_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("decisions", JSONB(), nullable=False),
        sa.Column("replaced_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "outcome in ('loaded', 'partly', 'quarantined', 'duplicate')", name="ck_source_files_outcome"
        ),
        sa.ForeignKeyConstraint(["replaced_by"], ["twin.import_runs.id"], name="fk_source_files_replaced_by"),
        sa.ForeignKeyConstraint(["run_id"], ["twin.import_runs.id"], name="fk_source_files_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_source_files"),
    )
    op.create_index("ix_source_files_location", "source_files", ["location"], unique=False)
    op.create_index("ix_source_files_run_id", "source_files", ["run_id"], unique=False)
    op.create_index("ix_source_files_sha256", "source_files", ["sha256"], unique=False)
    op.create_table(
        "boundaries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("geom", geometry("MULTIPOLYGON"), nullable=False),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("level in ('city', 'ward')", name="ck_boundaries_level"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_boundaries_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_boundaries"),
    )
    op.create_index("ix_boundaries_geom", "boundaries", ["geom"], postgresql_using="gist")
    op.create_index("ix_boundaries_source_file_id", "boundaries", ["source_file_id"], unique=False)
    op.create_table(
        "buildings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("use", sa.Text(), nullable=True),
        sa.Column("storeys", sa.Integer(), nullable=True),
        sa.Column("ground_m", sa.Double(), nullable=True),
        sa.Column("height_m", sa.Double(), nullable=True),
        sa.Column("geom", geometry("MULTIPOLYGON"), nullable=False),
        sa.Column("solid", geometry("POLYHEDRALSURFACEZ"), nullable=True),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("ground_m between -500 and 9000", name="ck_buildings_ground_m"),
        sa.CheckConstraint("height_m between 0.1 and 1000", name="ck_buildings_height_m"),
        sa.CheckConstraint("storeys between 0 and 200", name="ck_buildings_storeys"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_buildings_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_buildings"),
    )
    op.create_index("ix_buildings_geom", "buildings", ["geom"], postgresql_using="gist")
    op.create_index("ix_buildings_source_file_id", "buildings", ["source_file_id"], unique=False)
    op.create_table(
        "excavations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("depth_m", sa.Double(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("geom", geometry("POLYGON"), nullable=False),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "status in ('draft', 'checked', 'submitted', 'answered', 'permitted', 'in_progress', 'closed', 'refused')",
            name="ck_excavations_status",
        ),
        sa.CheckConstraint("depth_m between 0.05 and 100", name="ck_excavations_depth_m"),
        sa.CheckConstraint("ends_on >= starts_on", name="ck_excavations_dates"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_excavations_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_excavations"),
    )
    op.create_index("ix_excavations_geom", "excavations", ["geom"], postgresql_using="gist")
    op.create_index("ix_excavations_source_file_id", "excavations", ["source_file_id"], unique=False)
    op.create_table(
        "parcels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("land_use", sa.Text(), nullable=True),
        sa.Column("legal_area_m2", sa.Double(), nullable=True),
        sa.Column("ward_code", sa.Text(), nullable=True),
        sa.Column("geom", geometry("MULTIPOLYGON"), nullable=False),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("legal_area_m2 between 0.01 and 1000000000.0", name="ck_parcels_legal_area_m2"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_parcels_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_parcels"),
    )
    op.create_index("ix_parcels_geom", "parcels", ["geom"], postgresql_using="gist")
    op.create_index("ix_parcels_sheet", "parcels", ["sheet", "number"], unique=False)
    op.create_index("ix_parcels_source_file_id", "parcels", ["source_file_id"], unique=False)
    op.create_table(
        "quarantined_rows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_file_id", sa.BigInteger(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("source_crs", sa.Text(), nullable=True),
        sa.Column("geom", Geometry(None, srid=-1, spatial_index=False), nullable=True),
        sa.Column("attributes", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_file_id"], ["twin.source_files.id"], name="fk_quarantined_rows_source_file_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_quarantined_rows"),
    )
    op.create_index("ix_quarantined_rows_fault", "quarantined_rows", ["fault"], unique=False)
    op.create_index("ix_quarantined_rows_source_file_id", "quarantined_rows", ["source_file_id"], unique=False)
    op.create_table(
        "roads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("road_class", sa.Text(), nullable=True),
        sa.Column("surface", sa.Text(), nullable=True),
        sa.Column("width_m", sa.Double(), nullable=True),
        sa.Column("geom", geometry("MULTILINESTRING"), nullable=False),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("width_m between 0.3 and 200", name="ck_roads_width_m"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_roads_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_roads"),
    )
    op.create_index("ix_roads_geom", "roads", ["geom"], postgresql_using="gist")
    op.create_index("ix_roads_source_file_id", "roads", ["source_file_id"], unique=False)
    op.create_table(
        "source_rows",
        sa.Column("source_file_id", sa.BigInteger(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("attributes", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_file_id"], ["twin.source_files.id"], name="fk_source_rows_source_file_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_file_id", "layer", "row", name="pk_source_rows"),
    )
    op.create_table(
        "terrain",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="relative to the data folder"),
        sa.Column("vertical_datum", sa.Text(), nullable=True),
        sa.Column("resolution_m", sa.Double(), nullable=False),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("geom", geometry("MULTIPOLYGON"), nullable=False),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("resolution_m > 0", name="ck_terrain_resolution_m"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_terrain_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_terrain"),
        sa.UniqueConstraint("path", name="uq_terrain_path"),
    )
    op.create_index("ix_terrain_geom", "terrain", ["geom"], postgresql_using="gist")
    op.create_index("ix_terrain_source_file_id", "terrain", ["source_file_id"], unique=False)
    op.create_table(
        "trees",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("species", sa.Text(), nullable=True),
        sa.Column("species_latin", sa.Text(), nullable=True),
        sa.Column("planted_year", sa.Integer(), nullable=True),
        sa.Column("height_m", sa.Double(), nullable=True),
        sa.Column("stem_diameter_m", sa.Double(), nullable=True),
        sa.Column("crown_diameter_m", sa.Double(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("managed_by", sa.Text(), nullable=True),
        sa.Column("geom", geometry("POINT"), nullable=False),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("crown_diameter_m between 0.1 and 80", name="ck_trees_crown_diameter_m"),
        sa.CheckConstraint("height_m between 0.1 and 120", name="ck_trees_height_m"),
        sa.CheckConstraint("planted_year between 1000 and 2200", name="ck_trees_planted_year"),
        sa.CheckConstraint("stem_diameter_m between 0.001 and 15", name="ck_trees_stem_diameter_m"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_trees_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_trees"),
    )
    op.create_index("ix_trees_geom", "trees", ["geom"], postgresql_using="gist")
    op.create_index("ix_trees_source_file_id", "trees", ["source_file_id"], unique=False)
    op.create_table(
        "utility_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("discipline", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("owner_ref", sa.Text(), nullable=True),
        sa.Column("subtype", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("material", sa.Text(), nullable=True),
        sa.Column("vertical_raw", sa.Text(), nullable=True),
        sa.Column("vertical_unit", sa.Text(), nullable=True),
        sa.Column("vertical_reference", sa.Text(), nullable=False),
        sa.Column("vertical_datum", sa.Text(), nullable=True),
        sa.Column("vertical_reason", sa.Text(), nullable=True),
        sa.Column("ground_m", sa.Double(), nullable=True),
        sa.Column("ground_source", sa.Text(), nullable=False),
        sa.Column("ground_date", sa.Date(), nullable=True),
        sa.Column("elevation_source", sa.Text(), nullable=False),
        sa.Column("survey_method", sa.Text(), nullable=True),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("quality_level", sa.Text(), nullable=True),
        sa.Column("horizontal_accuracy_m", sa.Double(), nullable=True),
        sa.Column("vertical_accuracy_m", sa.Double(), nullable=True),
        sa.Column("schematic", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("disclosure", sa.Text(), server_default="restricted", nullable=False),
        sa.Column("section_shape", sa.Text(), nullable=False),
        sa.Column("outer_width_m", sa.Double(), nullable=True),
        sa.Column("outer_height_m", sa.Double(), nullable=True),
        sa.Column("inner_width_m", sa.Double(), nullable=True),
        sa.Column("inner_height_m", sa.Double(), nullable=True),
        sa.Column("wall_m", sa.Double(), nullable=True),
        sa.Column("section_reason", sa.Text(), nullable=True),
        sa.Column("ducts", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("voltage_v", sa.Double(), nullable=True),
        sa.Column("pressure_bar", sa.Double(), nullable=True),
        sa.Column("medium", sa.Text(), nullable=True),
        sa.Column("hazard_class", sa.Text(), nullable=True),
        sa.Column("geom", geometry("LINESTRING"), nullable=False),
        sa.Column("axis", geometry("LINESTRINGZ"), nullable=True),
        sa.Column(
            "reach_m",
            sa.Double(),
            sa.Computed(
                "sqrt(power(coalesce(outer_width_m, 0), 2) + power(coalesce(outer_height_m, 0), 2)) / 2 + coalesce(horizontal_accuracy_m, 0)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("(axis is null) = (elevation_source = 'none')", name="ck_utility_lines_elevation_known"),
        sa.CheckConstraint("(ground_m is null) = (ground_source = 'none')", name="ck_utility_lines_ground_known"),
        sa.CheckConstraint(
            "discipline in ('water', 'wastewater', 'storm', 'combined', 'power', 'telecom', 'gas', 'lighting', 'heat', 'other')",
            name="ck_utility_lines_discipline",
        ),
        sa.CheckConstraint("disclosure in ('public', 'restricted', 'secret')", name="ck_utility_lines_disclosure"),
        sa.CheckConstraint(
            "elevation_source in ('measured', 'depth', 'interpolated', 'none')",
            name="ck_utility_lines_elevation_source",
        ),
        sa.CheckConstraint("ground_source in ('owner', 'terrain', 'none')", name="ck_utility_lines_ground_source"),
        sa.CheckConstraint(
            "section_shape in ('circular', 'rectangular', 'egg', 'bank', 'unknown')",
            name="ck_utility_lines_section_shape",
        ),
        sa.CheckConstraint(
            "status in ('planned', 'in_service', 'disused', 'abandoned', 'removed', 'unknown')",
            name="ck_utility_lines_status",
        ),
        sa.CheckConstraint(
            "vertical_reference in ('crown', 'axis', 'invert', 'cover', 'bank_top', 'unstated', 'none')",
            name="ck_utility_lines_vertical_reference",
        ),
        sa.CheckConstraint("ducts between 1 and 500", name="ck_utility_lines_ducts"),
        sa.CheckConstraint("ground_m between -500 and 9000", name="ck_utility_lines_ground_m"),
        sa.CheckConstraint("horizontal_accuracy_m between 0 and 100", name="ck_utility_lines_horizontal_accuracy_m"),
        sa.CheckConstraint("inner_height_m between 0.001 and 20", name="ck_utility_lines_inner_height_m"),
        sa.CheckConstraint(
            "inner_width_m <= outer_width_m and inner_height_m <= outer_height_m", name="ck_utility_lines_hollow"
        ),
        sa.CheckConstraint("inner_width_m between 0.001 and 20", name="ck_utility_lines_inner_width_m"),
        sa.CheckConstraint("outer_height_m between 0.003 and 20", name="ck_utility_lines_outer_height_m"),
        sa.CheckConstraint("outer_width_m between 0.003 and 20", name="ck_utility_lines_outer_width_m"),
        sa.CheckConstraint("pressure_bar between 0 and 200", name="ck_utility_lines_pressure_bar"),
        sa.CheckConstraint("st_length(geom) > 0", name="ck_utility_lines_length"),
        sa.CheckConstraint("st_zmin(axis) > -500 and st_zmax(axis) < 9000", name="ck_utility_lines_elevation"),
        sa.CheckConstraint("valid_to >= valid_from", name="ck_utility_lines_valid"),
        sa.CheckConstraint("vertical_accuracy_m between 0 and 100", name="ck_utility_lines_vertical_accuracy_m"),
        sa.CheckConstraint("voltage_v between 1 and 1200000", name="ck_utility_lines_voltage_v"),
        sa.CheckConstraint("wall_m between 0 and 2", name="ck_utility_lines_wall_m"),
        sa.ForeignKeyConstraint(["parent_id"], ["twin.utility_lines.id"], name="fk_utility_lines_parent_id"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_utility_lines_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_utility_lines"),
    )
    op.create_index("ix_utility_lines_geom", "utility_lines", ["geom"], postgresql_using="gist")
    op.create_index(
        "ix_utility_lines_reach",
        "utility_lines",
        [sa.literal_column("st_expand(geom, reach_m)")],
        postgresql_using="gist",
    )
    op.create_index("ix_utility_lines_source_file_id", "utility_lines", ["source_file_id"], unique=False)
    op.create_table(
        "utility_nodes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("discipline", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("owner_ref", sa.Text(), nullable=True),
        sa.Column("subtype", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("material", sa.Text(), nullable=True),
        sa.Column("vertical_raw", sa.Text(), nullable=True),
        sa.Column("vertical_unit", sa.Text(), nullable=True),
        sa.Column("vertical_reference", sa.Text(), nullable=False),
        sa.Column("vertical_datum", sa.Text(), nullable=True),
        sa.Column("vertical_reason", sa.Text(), nullable=True),
        sa.Column("ground_m", sa.Double(), nullable=True),
        sa.Column("ground_source", sa.Text(), nullable=False),
        sa.Column("ground_date", sa.Date(), nullable=True),
        sa.Column("elevation_source", sa.Text(), nullable=False),
        sa.Column("survey_method", sa.Text(), nullable=True),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("quality_level", sa.Text(), nullable=True),
        sa.Column("horizontal_accuracy_m", sa.Double(), nullable=True),
        sa.Column("vertical_accuracy_m", sa.Double(), nullable=True),
        sa.Column("schematic", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("disclosure", sa.Text(), server_default="restricted", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("section_shape", sa.Text(), nullable=False),
        sa.Column("outer_width_m", sa.Double(), nullable=True),
        sa.Column("outer_length_m", sa.Double(), nullable=True),
        sa.Column("cover_m", sa.Double(), nullable=True),
        sa.Column("bottom_m", sa.Double(), nullable=True),
        sa.Column("geom", geometry("POINT"), nullable=False),
        sa.Column(
            "reach_m",
            sa.Double(),
            sa.Computed(
                "sqrt(power(coalesce(outer_width_m, 0), 2) + power(coalesce(outer_length_m, 0), 2)) / 2 + coalesce(horizontal_accuracy_m, 0)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("source_file_id", sa.BigInteger(), nullable=True),
        sa.Column("source_layer", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("source_part", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("(ground_m is null) = (ground_source = 'none')", name="ck_utility_nodes_ground_known"),
        sa.CheckConstraint(
            "discipline in ('water', 'wastewater', 'storm', 'combined', 'power', 'telecom', 'gas', 'lighting', 'heat', 'other')",
            name="ck_utility_nodes_discipline",
        ),
        sa.CheckConstraint("disclosure in ('public', 'restricted', 'secret')", name="ck_utility_nodes_disclosure"),
        sa.CheckConstraint(
            "elevation_source in ('measured', 'depth', 'interpolated', 'none')",
            name="ck_utility_nodes_elevation_source",
        ),
        sa.CheckConstraint("ground_source in ('owner', 'terrain', 'none')", name="ck_utility_nodes_ground_source"),
        sa.CheckConstraint(
            "kind in ('manhole', 'chamber', 'valve', 'hydrant', 'inlet', 'meter', 'pole', 'cabinet', 'other')",
            name="ck_utility_nodes_kind",
        ),
        sa.CheckConstraint(
            "section_shape in ('circular', 'rectangular', 'egg', 'bank', 'unknown')",
            name="ck_utility_nodes_section_shape",
        ),
        sa.CheckConstraint(
            "status in ('planned', 'in_service', 'disused', 'abandoned', 'removed', 'unknown')",
            name="ck_utility_nodes_status",
        ),
        sa.CheckConstraint(
            "vertical_reference in ('crown', 'axis', 'invert', 'cover', 'bank_top', 'unstated', 'none')",
            name="ck_utility_nodes_vertical_reference",
        ),
        sa.CheckConstraint("bottom_m <= cover_m", name="ck_utility_nodes_upright"),
        sa.CheckConstraint("bottom_m between -500 and 9000", name="ck_utility_nodes_bottom_m"),
        sa.CheckConstraint("cover_m between -500 and 9000", name="ck_utility_nodes_cover_m"),
        sa.CheckConstraint("ground_m between -500 and 9000", name="ck_utility_nodes_ground_m"),
        sa.CheckConstraint("horizontal_accuracy_m between 0 and 100", name="ck_utility_nodes_horizontal_accuracy_m"),
        sa.CheckConstraint("outer_length_m between 0.01 and 50", name="ck_utility_nodes_outer_length_m"),
        sa.CheckConstraint("outer_width_m between 0.01 and 50", name="ck_utility_nodes_outer_width_m"),
        sa.CheckConstraint("valid_to >= valid_from", name="ck_utility_nodes_valid"),
        sa.CheckConstraint("vertical_accuracy_m between 0 and 100", name="ck_utility_nodes_vertical_accuracy_m"),
        sa.ForeignKeyConstraint(["source_file_id"], ["twin.source_files.id"], name="fk_utility_nodes_source_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_utility_nodes"),
    )
    op.create_index("ix_utility_nodes_geom", "utility_nodes", ["geom"], postgresql_using="gist")
    op.create_index(
        "ix_utility_nodes_reach",
        "utility_nodes",
        [sa.literal_column("st_expand(geom, reach_m)")],
        postgresql_using="gist",
    )
    op.create_index("ix_utility_nodes_source_file_id", "utility_nodes", ["source_file_id"], unique=False)
