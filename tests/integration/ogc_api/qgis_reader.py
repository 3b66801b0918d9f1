"""Opens a project in QGIS, without a screen, and tells as JSON what it finds; run by the system's Python.

Arguments: the project; west, south, east, north in degrees of what is drawn; the picture to write.
"""

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize


def describe(layer):
    rules = layer.renderer().rootRule().children() if layer.isSpatial() else []
    return {
        "title": layer.name(),
        "valid": layer.isValid(),
        "provider": layer.providerType(),
        "features": layer.featureCount(),
        "symbols": sorted({int(rule.symbol().type()) for rule in rules}),
        "rules": len(rules),
        "alias": layer.attributeAlias(0),
        "labels": layer.labelsEnabled(),
    }


application = QgsApplication([], False)
application.initQgis()
project = QgsProject.instance()
is_read = project.read(sys.argv[1])
layers = [layer for layer in project.layerTreeRoot().layerOrder() if layer.type() == 0]
settings = QgsMapSettings()
settings.setOutputSize(QSize(256, 256))
settings.setDestinationCrs(project.crs())
degrees = QgsCoordinateReferenceSystem("EPSG:4326")
area = QgsRectangle(*map(float, sys.argv[2:6]))
settings.setExtent(QgsCoordinateTransform(degrees, project.crs(), project).transformBoundingBox(area))
settings.setLayers(layers)
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(sys.argv[6])
told = {
    "read": is_read,
    "title": project.title(),
    "crs": project.crs().authid(),
    "layers": {layer.dataProvider().uri().param("typename"): describe(layer) for layer in project.mapLayers().values()
               if layer.type() == 0},
    "order": [layer.dataProvider().uri().param("typename") for layer in layers],
}  # fmt: skip
sys.stdout.write(json.dumps(told))
