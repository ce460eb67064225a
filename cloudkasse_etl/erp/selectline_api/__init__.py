"""SelectLine's Web API, by which documents are brought into the ERP; all reading of master data is erp/selectline's."""
